import { TidegateError } from './errors.ts';
import { hashOf } from './text-hash.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type DagId = Branded<'DagId'>;
export type TaskId = Branded<'TaskId'>;
export type RunId = Branded<'RunId'>;

/** Longest DAG id; with the longest run id it stays within what Postgres-backed Temporal stores as a workflow id. */
export const maxDagIdBytes = 100;
/** Longest DAG id and run id together. */
export const maxDagAndRunIdBytes = 240;
const maxTaskIdBytes = 100;

const word = /^[A-Za-z0-9_.-]+$/;
const printable = /^[\x21-\x7e]+$/;

/** @throws TidegateError `invalid_definition` unless it is 1 to 100 letters, digits, `_`, `-` or `.` */
export function parseDagId(value: string): DagId {
  if (!word.test(value) || value.length > maxDagIdBytes) {
    throw new TidegateError(
      'invalid_definition',
      `DAG id ${quote(value)} is not valid: use 1 to ${maxDagIdBytes} ASCII letters, digits, '_', '-' or '.'`,
    );
  }
  return value as DagId;
}

/** @throws TidegateError `invalid_definition` unless it is 1 to 100 letters, digits, `_`, `-` or `.`, and not `__proto__` */
export function parseTaskId(value: string): TaskId {
  // The one word that cannot be a key of what is told task by task.
  if (!word.test(value) || value.length > maxTaskIdBytes || value === '__proto__') {
    throw new TidegateError(
      'invalid_definition',
      `task id ${quote(value)} is not valid: use 1 to ${maxTaskIdBytes} ASCII letters, digits, '_', '-' or '.', and not '__proto__'`,
    );
  }
  return value as TaskId;
}

/**
 * An id of a DAG or task made of a name: what ids may not have becomes `_`.
 * @throws TidegateError `invalid_definition` when nothing is left of the name, or more than 100 characters
 */
export function idFromName(name: string): string {
  const id = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replaceAll(/^_+|_+$/g, '');
  if (id !== '' && id.length <= maxTaskIdBytes) return id;
  throw new TidegateError(
    'invalid_definition',
    `no id can be made of the name ${quote(name)}, which leaves ${id.length} characters of 1 to ${maxTaskIdBytes}: give an 'id'`,
  );
}

/** @throws TidegateError `invalid_input` when it is empty, has blanks, `/` or non-ASCII characters, or is too long with its DAG's id */
export function parseRunId(dagId: DagId, value: string): RunId {
  if (!printable.test(value) || value.includes('/')) {
    throw new TidegateError(
      'invalid_input',
      `run id ${quote(value)} is not valid: use printable ASCII without blanks and without '/'`,
    );
  }
  if (dagId.length + value.length > maxDagAndRunIdBytes) {
    throw new TidegateError(
      'invalid_input',
      `run id ${quote(value)} is too long: with the DAG id it may have ${maxDagAndRunIdBytes} characters, not ${dagId.length + value.length}`,
    );
  }
  return value as RunId;
}

const plainKey = /^[A-Za-z0-9_.:-]{1,60}$/;

/** Name of the run that events start: the same decision taken twice is the same run. A key that is long, or no plain ASCII, goes in as a hash. */
export function runIdOfEvents(lastSeq: number, key: string | null = null): RunId {
  if (key === null) return `asset__${lastSeq}` as RunId;
  return `asset__${lastSeq}__${plainKey.test(key) ? key : `~${hashOf(key)}`}` as RunId;
}

/** Name of a run at its nominal time, so that a tick delivered twice is one run. */
export function runIdOfTick(nominalAt: number): RunId {
  return `scheduled__${new Date(nominalAt).toISOString()}` as RunId;
}

/** Name of the run that a deadline starts. */
export function runIdOfDeadline(dueAt: number): RunId {
  return `deadline__${new Date(dueAt).toISOString()}` as RunId;
}

/** Name of a run that a task starts; `identity` says which call of which task of which run it was. */
export function runIdOfTask(taskId: TaskId, identity: string): RunId {
  return `triggered__${taskId}__${hashOf(identity)}` as RunId;
}

/** Name of a run by hand; `suffix` tells apart those of the same millisecond. */
export function runIdByHand(requestedAt: number, suffix: string): RunId {
  return `manual__${new Date(requestedAt).toISOString()}_${suffix}` as RunId;
}

/** What people call a task, or an instance of a mapped one: `load`, `load[3]`. Without a map index, or with -1, it is the task as a whole. */
export function instanceName(taskId: string, mapIndex: number | null | undefined): string {
  return mapIndex === undefined || mapIndex === null || mapIndex === -1 ? taskId : `${taskId}[${mapIndex}]`;
}

/** A value as it is shown in an error: quoted, and cut where it would fill the line. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 120 ? `${value.slice(0, 117)}...` : value);
}
