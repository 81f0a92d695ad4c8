import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Express } from 'express';
import { createApp } from '../../api/app.ts';
import { operations } from '../../api/operations.ts';
import { toTemplate } from '../../api/openapi.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aProject } from '../support/plans.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(aProject([]));
});
afterAll(() => api.stop());

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** What Express really answers: the first router stands at the top, those behind it below `/api/v2`. */
function mounted(app: Express): readonly string[] {
  const layers = app.router.stack as unknown as readonly Layer[];
  const [top, ...versioned] = layers.flatMap(({ handle }) =>
    handle.stack === undefined ? [] : [handle.stack],
  );
  const inner = versioned.flatMap((stack) => stack.flatMap((layer) => routesOf(layer, '/api/v2')));
  return [...layers, ...(top ?? [])]
    .flatMap((layer) => routesOf(layer, ''))
    .concat(inner)
    .toSorted();
}

function routesOf({ route }: Layer, prefix: string): readonly string[] {
  if (route === undefined || '_all' in route.methods) return [];
  return Object.keys(route.methods).map((method) => `${method} ${prefix}${toTemplate(route.path)}`);
}

describe('the OpenAPI document', () => {
  it('has exactly the routes that are mounted', async () => {
    const { body } = await api.http.get('/openapi.json');
    const documented = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(documented.toSorted()).toEqual(mounted(createApp(api.deps)));
    expect(documented).toHaveLength(operations.length);
  });

  it('is OpenAPI 3.1 whose schemas are JSON Schema', async () => {
    const { body } = await api.http.get('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
    ajv.addSchema({ $id: 'document', ...body });
    for (const name of Object.keys(body.components.schemas)) {
      expect(ajv.getSchema(`document#/components/schemas/${name}`)).toBeDefined();
    }
  });

  it('declares every path parameter and says which queries are numbers', async () => {
    const { body } = await api.http.get('/openapi.json');
    const { parameters } = body.paths['/api/v2/dags/{dag_id}/dagRuns'].get;
    expect(parameters).toContainEqual(
      expect.objectContaining({ in: 'path', name: 'dag_id', required: true }),
    );
    expect(parameters).toContainEqual(
      expect.objectContaining({
        name: 'limit',
        schema: expect.objectContaining({ type: 'integer', default: 50 }),
      }),
    );
  });
});
