import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, which the projects of tests import as `tidegate`. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A project on disk, with its own `node_modules` as an installed one has. */
export interface TempProject {
  readonly folder: string;
  readonly write: (file: string, text: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Writes a project of these files into a new folder; without a `tidegate.config.ts` it gets the default one. */
export async function makeTempProject(files: Readonly<Record<string, string>>): Promise<TempProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tidegate-project-')));
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  await mkdir(join(folder, 'node_modules'));
  await symlink(repository, join(folder, 'node_modules/tidegate'));
  await symlink(join(repository, 'node_modules/zod'), join(folder, 'node_modules/zod'));
  await write(
    'tidegate.config.ts',
    "import { defineConfig } from 'tidegate';\nexport default defineConfig({});\n",
  );
  for (const [file, text] of Object.entries(files)) await write(file, text);
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) };
}
