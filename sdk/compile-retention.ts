import { type Duration, parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { leastRetentionMs, type Retained, retained, type RetentionPlan } from '../core/retention.ts';
import { didYouMean } from '../core/did-you-mean.ts';

/** How long a project keeps what it wrote down; what is not named stays for ever. */
export type RetentionOptions = Readonly<Partial<Record<Retained, Duration>>>;

/**
 * The ages of a project's retention in milliseconds.
 * @throws TidegateError `invalid_definition` when a name is not known, or an age is no duration or below an hour
 */
export function compileRetention(options: RetentionOptions): RetentionPlan {
  const unknown = Object.keys(options).find((name) => !retained.some((known) => known === name));
  if (unknown !== undefined)
    throw new TidegateError(
      'invalid_definition',
      `retention has no '${unknown}': ${didYouMean(unknown, retained)}`,
    );
  const plan = retained.flatMap((name) => {
    const age = options[name];
    return age === undefined ? [] : [[`${name}Ms`, ageIn(name, age)] as const];
  });
  return Object.fromEntries(plan);
}

function ageIn(name: Retained, age: Duration): number {
  const ms = parseDuration(age);
  if (ms >= leastRetentionMs) return ms;
  throw new TidegateError(
    'invalid_definition',
    `retention of ${name} is ${typeof age === 'string' ? `'${age}'` : age}: use at least an hour, such as '90 days'`,
  );
}
