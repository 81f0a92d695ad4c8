import type { Request } from 'express';
import type { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import {
  type DagId,
  parseDagId,
  parseRunId,
  parseTaskId,
  quote,
  type RunId,
  type TaskId,
} from '../core/ids.ts';
import { IdInput, WholeNumber } from './contract/scalars.ts';
import { InvalidRequest } from './errors.ts';

/** @throws InvalidRequest when the body does not meet its contract */
export function bodyOf<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  return parsePart(schema, 'body', request.body);
}

/** @throws InvalidRequest when the query does not meet its contract */
export function queryOf<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  return parsePart(schema, 'query', request.query);
}

/** @throws InvalidRequest unless it is a whole number */
export function assetIdOf(text: string): number {
  return parsePart(IdInput, 'path', text);
}

/** @throws InvalidRequest unless it is a whole number */
export function tryNumberOf(text: string): number {
  return parsePart(IdInput, 'path', text);
}

/** @throws TidegateError `unknown_dag` when no DAG can have this id */
export function dagIdOf(text: string): DagId {
  return parseOr(() => parseDagId(text), unknownDag(text));
}

/** `undefined` when no DAG can have this id. */
export function possibleDagIdOf(text: string): DagId | undefined {
  try {
    return parseDagId(text);
  } catch (error) {
    if (error instanceof TidegateError) return undefined;
    throw error;
  }
}

/** @throws TidegateError `unknown_run` when no run can have this id */
export function runIdOf(dagId: DagId, text: string): RunId {
  return parseOr(() => parseRunId(dagId, text), unknownRun(dagId, text));
}

/** @throws TidegateError `unknown_task` when no task can have this id */
export function taskIdOf(dagId: DagId, text: string): TaskId {
  return parseOr(() => parseTaskId(text), unknownTask(dagId, text));
}

/** @throws InvalidRequest unless it is a whole number */
export function mapIndexOf(text: string): number {
  return parsePart(WholeNumber, 'path', text);
}

export function unknownDag(dagId: string): TidegateError {
  return new TidegateError(
    'unknown_dag',
    `DAG ${quote(dagId)} is not known: GET /api/v2/dags lists those that are`,
  );
}

export function unknownRun(dagId: DagId, runId: string): TidegateError {
  return new TidegateError(
    'unknown_run',
    `DAG ${dagId} has no run ${quote(runId)}: it never had, or it was pruned; GET /api/v2/project says what is kept for how long`,
  );
}

export function unknownTask(dagId: DagId, taskId: string): TidegateError {
  return new TidegateError('unknown_task', `DAG ${dagId} has no task ${quote(taskId)} in this run`);
}

export function unknownPool(name: string): TidegateError {
  return new TidegateError(
    'unknown_pool',
    `pool ${quote(name)} is not known: GET /api/v2/pools lists those of the latest deploy`,
  );
}

export function unknownAsset(asset: string): TidegateError {
  return new TidegateError(
    'unknown_asset',
    `no asset has ${asset}: GET /api/v2/assets lists those that are known`,
  );
}

export function unknownPassage(kind: 'alias' | 'template', id: number): TidegateError {
  const list = kind === 'alias' ? 'aliases' : 'templates';
  return new TidegateError(
    'unknown_asset',
    `no ${kind} has id ${id}: GET /api/v2/assets/${list} lists those that are known`,
  );
}

export function noProducer(asset: string): TidegateError {
  return new TidegateError(
    'unknown_dag',
    `no DAG produces asset ${quote(asset)}: give a task of one the asset as an outlet`,
  );
}

function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  part: InvalidRequest['part'],
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidRequest(part, parsed.error.issues);
  return parsed.data;
}

function parseOr<Value>(parse: () => Value, unknown: TidegateError): Value {
  try {
    return parse();
  } catch (error) {
    throw error instanceof TidegateError ? unknown : error;
  }
}
