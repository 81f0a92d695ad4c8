import type { ProjectWarning } from '../core/project-plan.ts';
import { shortestSecret } from '../core/redaction.ts';
import { shortSecrets } from '../sdk/secrets.ts';

/** What there is to say of the secrets that a project declares and that would be seen all the same. */
export function warningsOfSecrets(folder: string): readonly ProjectWarning[] {
  // The process may have loaded other projects, too.
  return shortSecrets()
    .filter(({ place }) => place.startsWith(folder))
    .map(({ name, place }) => ({
      place,
      message: `the secret ${name} is shorter than ${shortestSecret} characters, so it is not taken out of what tasks write: give it a longer value`,
    }));
}
