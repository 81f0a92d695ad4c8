import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { Problem } from './contract/problem.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';

const integerParameters = new Set(['asset_id', 'try_number', 'map_index']);

/** The OpenAPI 3.1 document of the API, made from its contracts. */
export function openApiDocument(version: string): object {
  const registry = new OpenAPIRegistry();
  for (const operation of operations) registry.registerPath(routeOf(operation));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tidegate',
      version,
      description:
        'A data-aware orchestrator on Temporal. Calls that Airflow has too keep its names and status codes.',
    },
  });
}

function routeOf(operation: Operation): RouteConfig {
  const { method, path, summary, tag, query, body, isBodyOptional, answer, headers } = operation;
  const { status = answer === null ? 204 : 200 } = operation;
  return {
    method,
    path: toTemplate(path),
    summary,
    tags: [tag],
    request: {
      params: paramsOf(path),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined
        ? {}
        : { body: { required: isBodyOptional !== true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [status]: {
        description: 'Success',
        ...(headers === undefined ? {} : { headers }),
        ...(answer !== null && { content: { 'application/json': { schema: answer } } }),
      },
      ...Object.fromEntries(failuresOf(operation).map((failure) => [failure, problemResponse])),
    },
  };
}

/** Every call may find the database away, and every one that changes something may come from another site's page. */
function failuresOf({ method, failures }: Operation): readonly number[] {
  return [...failures, ...(method === 'get' ? [] : [403]), 405, 500, 503];
}

const problemResponse = {
  description: 'Failure',
  content: { 'application/problem+json': { schema: Problem } },
};

/** `/dags/:dag_id` as OpenAPI writes it. */
export function toTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function paramsOf(path: string): z.ZodObject {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return z.object(
    Object.fromEntries(
      names.map((name) => [name, integerParameters.has(name) ? z.int().nonnegative() : z.string()]),
    ),
  );
}
