import { type Redactor, redactorOf, shortestSecret } from '../core/redaction.ts';

/** Shared by every copy of the sdk in a process, as the environment is: a project may load one of its own. */
const key = Symbol.for('tidegate.secrets');

/** A variable whose value is too short to be looked for. */
export interface ShortSecret {
  readonly name: string;
  /** Where it is declared. */
  readonly place: string;
}

interface Known {
  readonly secrets: Set<string>;
  readonly tooShort: Map<string, ShortSecret>;
  redactor: Redactor | undefined;
}

function known(): Known {
  const shared: unknown = Reflect.get(globalThis, key);
  if (isKnown(shared)) return shared;
  const made: Known = { secrets: new Set(), tooShort: new Map(), redactor: undefined };
  Reflect.set(globalThis, key, made);
  return made;
}

function isKnown(value: unknown): value is Known {
  return typeof value === 'object' && value !== null && 'secrets' in value;
}

/** From now on this value is taken out of everything that tasks write, for as long as the process lives. */
export function keepSecret(value: string): void {
  const all = known();
  if (value === '' || all.secrets.has(value)) return;
  all.secrets.add(value);
  all.redactor = undefined;
}

/** Notes that the value of a variable is below {@link shortestSecret}, for people to hear of. */
export function noteIfShort(value: string, variable: ShortSecret): void {
  if (value.length < shortestSecret) known().tooShort.set(`${variable.place} ${variable.name}`, variable);
}

/** Variables that are secret in name only. */
export function shortSecrets(): readonly ShortSecret[] {
  return [...known().tooShort.values()];
}

/** Takes out the secrets that this process knows by now. */
export function redactor(): Redactor {
  const all = known();
  return (all.redactor ??= redactorOf([...all.secrets]));
}
