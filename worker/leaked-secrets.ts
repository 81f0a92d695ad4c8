import { TidegateError } from '../core/errors.ts';
import { redactor } from '../sdk/secrets.ts';

/**
 * Makes sure that what is deployed, and so seen by everybody, tells no secret. It is refused, not changed: a name with `***` in it would be
 * another name.
 * @param what - names it in the error
 * @throws TidegateError `invalid_definition` when it holds the value of a secret that the project declares
 */
export function requireNoSecrets(what: string, deployed: object): void {
  if (!redactor().isIn(JSON.stringify(deployed))) return;
  throw new TidegateError(
    'invalid_definition',
    `${what} holds the value of a secret: leave it out, or give the variable another value where it is there by chance`,
  );
}
