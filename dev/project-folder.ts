import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TidegateError } from '../core/errors.ts';
import { configFile } from '../worker/project-files.ts';

const examples = fileURLToPath(new URL('../examples', import.meta.url));

/** The project to run: the one of TIDEGATE_PROJECT, else the one of this folder, else the examples that come with Tidegate. */
export function findProjectFolder(environment: NodeJS.ProcessEnv, workingFolder: string): string {
  const given = environment['TIDEGATE_PROJECT'];
  if (given === undefined || given === '') return isProject(workingFolder) ? workingFolder : examples;
  if (isProject(given)) return resolve(given);
  throw new TidegateError(
    'invalid_environment',
    `TIDEGATE_PROJECT ${resolve(given)} has no ${configFile}: give the folder of a project`,
  );
}

function isProject(folder: string): boolean {
  return existsSync(join(folder, configFile));
}
