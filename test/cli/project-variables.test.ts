import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProjectVariables, requireProjectVariables } from '../../cli/project-variables.ts';
import { stackFiles, stackFolder, toStackVariables } from '../../cli/running-stack.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const stack = { DATABASE_URL: 'postgres://stack', TEMPORAL_ADDRESS: 'stack:1', TIDEGATE_SCHEMA: 'stack' };
/** Above every number that a process can have. */
const nobody = 2 ** 30;

describe('the variables of a command on this machine', () => {
  let folder: TemporaryFolder;
  let left: string;
  beforeEach(async () => {
    folder = await createTemporaryFolder();
    left = join(folder.path, stackFolder);
    await mkdir(left);
  });
  afterEach(() => folder.remove());

  const leave = (pid: number): Promise<void> =>
    writeFile(join(left, stackFiles.variables), toStackVariables({ pid, variables: stack }));
  const placeOf = (environment: NodeJS.ProcessEnv) => ({
    environment,
    folder: join(folder.path, 'some/folder'),
  });

  it('are those of the stack running in its folder or above it, and what else is set', async () => {
    await leave(process.pid);
    expect(requireProjectVariables(placeOf({ DATABASE_URL: ' ', TIDEGATE_SCHEMA: 'mine' }))).toEqual({
      variables: { ...stack, TIDEGATE_SCHEMA: 'mine' },
      stack: left,
    });
  });

  it.each(['DATABASE_URL', 'TEMPORAL_ADDRESS'])('are nothing but its own where %s is set', async (name) => {
    await leave(process.pid);
    const own = { [name]: 'mine' };
    expect(requireProjectVariables(placeOf(own))).toEqual({ variables: own, stack: undefined });
  });

  it('are none of a stack that was killed, nor of a file that is none of its own', async () => {
    await leave(nobody);
    expect(findProjectVariables(placeOf({}))).toEqual({ variables: {}, stack: undefined });
    await writeFile(join(left, stackFiles.variables), '{');
    expect(findProjectVariables(placeOf({}))).toEqual({ variables: {}, stack: undefined });
  });

  it('are missing where nothing leads to Postgres, which names what was looked for', () => {
    expect(() => requireProjectVariables(placeOf({}))).toThrow(
      `DATABASE_URL is not set, and no stack of \`npm start\` runs in ${join(folder.path, 'some/folder')} or above it: `,
    );
  });
});
