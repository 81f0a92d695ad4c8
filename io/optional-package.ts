import { TidegateError } from '../core/errors.ts';
import { codeOf } from './error-code.ts';

/**
 * Loads a package that only some IO managers need.
 * @throws TidegateError `invalid_environment` naming it when it is not installed
 */
export async function optionalPackage<Package>(
  manager: string,
  name: string,
  load: () => Promise<Package>,
): Promise<Package> {
  try {
    return await load();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new TidegateError(
      'invalid_environment',
      `IO manager '${manager}' needs the package ${name}: npm install ${name}`,
      { cause: error },
    );
  }
}
