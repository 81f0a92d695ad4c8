import { TidegateError } from '../core/errors.ts';
import { isMissingPackage } from '../sdk/missing-package.ts';

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
    if (!isMissingPackage(error)) throw error;
    throw new TidegateError(
      'invalid_environment',
      `IO manager '${manager}' needs the package ${name}: npm install ${name}`,
      { cause: error },
    );
  }
}
