import { invalidOption } from './invalid-option.ts';
import { isRecord } from './json.ts';
import { isCount } from './whole-number.ts';

/** Which of the tasks that wait for a worker goes first. */
export interface TaskPriority {
  /** 1 goes first, 5 last; absent is 3. */
  readonly level?: number;
  /** Tasks of one level take turns by this, however many each has waiting; at most 64 bytes. */
  readonly fairnessKey?: string;
  /** How many turns its key gets for one of another key; absent is 1. */
  readonly fairnessWeight?: number;
}

/** Whom a task takes turns with: a key alone, or with its weight. */
export type FairnessInput = string | { readonly key: string; readonly weight?: number };

/** Of a task that says nothing: in the middle, as in Temporal. */
export const defaultLevel = 3;
const lowestLevel = 5;
const maxKeyBytes = 64;
const weights = { least: 0.001, most: 1_000 } as const;

/**
 * What a task says about when it goes.
 * @returns `undefined` where it says nothing
 * @throws TidegateError `invalid_definition` naming the option that is not valid
 */
export function parseTaskPriority(level: unknown, fairness: unknown): TaskPriority | undefined {
  if (level === undefined && fairness === undefined) return undefined;
  if (level !== undefined && !isCount(level, lowestLevel))
    throw invalidOption('priority', level, `use a whole number from 1, which goes first, to ${lowestLevel}`);
  return {
    ...(level === undefined ? {} : { level }),
    ...(fairness === undefined ? {} : parseFairness(fairness)),
  };
}

function parseFairness(value: unknown): Pick<TaskPriority, 'fairnessKey' | 'fairnessWeight'> {
  const { key, weight, ...rest } = isRecord(value) ? value : { key: value, weight: undefined };
  const isKey =
    typeof key === 'string' && key.trim() !== '' && new TextEncoder().encode(key).length <= maxKeyBytes;
  const isWeight =
    weight === undefined || (typeof weight === 'number' && weight >= weights.least && weight <= weights.most);
  if (!isKey || !isWeight || Object.keys(rest).length > 0)
    throw invalidOption(
      'fairness',
      value,
      `use a key of 1 to ${maxKeyBytes} bytes such as 'sales', or { key: 'sales', weight: 2 } with a weight from ${weights.least} to ${weights.most}`,
    );
  return { fairnessKey: key, ...(weight === undefined ? {} : { fairnessWeight: weight }) };
}
