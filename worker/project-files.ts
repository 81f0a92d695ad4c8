import { stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { TidegateError } from '../core/errors.ts';
import { uriLevels } from '../core/uri-level.ts';
import { isConfig, type ProjectConfig } from '../sdk/config.ts';
import { importErrorMessage } from './import-error.ts';
import type { Importer } from './import-fresh.ts';

/** The file that makes a folder a project. */
export const configFile = 'tidegate.config.ts';

/** A project's configuration and its DAG files, relative to it, with forward slashes, in order. */
export interface ProjectFiles {
  readonly config: ProjectConfig;
  readonly files: readonly string[];
}

/** @throws TidegateError `invalid_definition` when the folder has no valid `tidegate.config.ts`, or its globs find no file */
export async function findProjectFiles(folder: string, importFile: Importer): Promise<ProjectFiles> {
  const config = await loadConfig(folder, importFile);
  const patterns = [...(config.dags ?? [])];
  const found = await glob(patterns, {
    cwd: folder,
    ignore: ['**/node_modules/**', '**/*.d.ts', '**/*.test.ts', configFile],
    expandDirectories: false,
  });
  if (found.length === 0) {
    throw refused(
      `no DAG files match ${patterns.join(', ')} in ${folder}: add one, or correct \`dags\` in ${configFile}`,
    );
  }
  return { config, files: found.map((file) => file.split(sep).join('/')).toSorted() };
}

async function loadConfig(folder: string, importFile: Importer): Promise<ProjectConfig> {
  const file = join(folder, configFile);
  if ((await stat(file).catch(() => undefined))?.isFile() !== true) {
    throw refused(
      `${resolve(folder)} has no ${configFile}: run in the project's folder, or create the file with: import { defineConfig } from 'tidegate'; export default defineConfig({ dags: ['dags/**/*.ts'] });`,
    );
  }
  const exported = await importFile(file).catch((error: unknown) => {
    throw refused(`${configFile} could not be loaded: ${importErrorMessage(error, file, folder)}`);
  });
  const config = exported['default'];
  if (!isConfig(config))
    throw refused(`${configFile} has no configuration: write export default defineConfig({ … })`);
  if (!Array.isArray(config.dags) || !config.dags.every((pattern) => typeof pattern === 'string')) {
    throw refused(`dags in ${configFile} is not a list of globs: write dags: ['dags/**/*.ts']`);
  }
  if (config.assetUris !== undefined && !uriLevels.includes(config.assetUris)) {
    const levels = uriLevels.map((level) => `'${level}'`).join(', ');
    throw refused(`assetUris in ${configFile} is ${JSON.stringify(config.assetUris)}: use one of ${levels}`);
  }
  return config;
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
