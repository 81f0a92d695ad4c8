import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseApiEnvironment } from '../../api/environment.ts';
import { parseWorkerEnvironment } from '../../worker/environment.ts';
import { entryPoints } from '../support/processes.ts';
import { repository } from '../support/temp-project.ts';

const Service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.object({ source: z.string() })).default([]),
  healthcheck: z.unknown().optional(),
  restart: z.string(),
});
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()),
  configs: z.record(z.string(), z.object({ content: z.string() })),
});

const read = (file: string): Promise<string> => readFile(join(repository, file), 'utf8');

describe('docker-compose.yml', () => {
  let text: string;
  let document: unknown;
  let compose: z.output<typeof Compose>;

  beforeAll(async () => {
    text = await read('docker-compose.yml');
    document = parse(text, { merge: true });
    compose = Compose.parse(document);
  });

  const services = (): readonly (readonly [string, z.output<typeof Service>])[] =>
    Object.entries(compose.services);

  it('meets the Compose schema', async () => {
    const { $schema: _, ...schema } = JSON.parse(
      await read('node_modules/dclint/schemas/compose.schema.json'),
    );
    const ajv = new Ajv({ strict: false, validateFormats: false });
    expect(ajv.validate(schema, document) ? [] : ajv.errors).toEqual([]);
  });

  it('waits for services that are there, and that can reach the awaited state', () => {
    const waits = services().flatMap(([name, { depends_on }]) =>
      Object.entries(depends_on).map(([on, { condition }]) => ({ name, on, condition })),
    );
    expect(waits.filter(({ on }) => !(on in compose.services))).toEqual([]);
    const isPossible = (on: string, condition: string): boolean => {
      const service = compose.services[on];
      if (condition === 'service_healthy') return service?.healthcheck !== undefined;
      return (
        condition !== 'service_completed_successfully' || service?.restart.startsWith('on-failure') === true
      );
    };
    expect(waits.filter(({ on, condition }) => !isPossible(on, condition))).toEqual([]);
  });

  it('mounts only volumes, configs and folders that are there', async () => {
    const sources = services().flatMap(([, { volumes }]) =>
      volumes.map((volume) => withDefaults(volume).split(':')[0] ?? ''),
    );
    const missing = sources.filter((source) => !source.startsWith('./') && !(source in compose.volumes));
    expect(missing).toEqual([]);
    const folders = sources.filter((source) => source.startsWith('./'));
    const found = await Promise.all(
      folders.map(async (folder) => (await stat(join(repository, folder))).isDirectory()),
    );
    expect(found).toEqual([true]);
    const configs = services().flatMap(([, service]) => service.configs.map(({ source }) => source));
    expect(configs.filter((source) => !(source in compose.configs))).toEqual([]);
  });

  it('pins every image to an exact version', () => {
    expect(services().filter(([, { image }]) => !/:\d+\.\d+(\.\d+)?$/.test(image))).toEqual([]);
  });

  it('has a line in .env.example for every variable, and no other line', async () => {
    const used = [...text.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name);
    const declared = [...(await read('.env.example')).matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(declared)).toEqual(new Set(used));
  });

  it('gives defaults that .env.example states', async () => {
    const example = await read('.env.example');
    for (const [, name, value] of text.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g))
      expect(example).toContain(`\n${name}=${value}\n`);
  });

  it.each(['api', 'worker'] as const)(
    'runs the entry point of the %s, and it accepts the environment',
    async (name) => {
      const { command, environment } = compose.services[name] ?? {};
      expect(command).toEqual(['node', ...entryPoints[name]]);
      const inImage = [...(await read('Dockerfile')).matchAll(/\b(TIDEGATE_[A-Z_]+)=(\S+)/g)].map(
        ([, variable, value]) => [variable, value],
      );
      const given = Object.fromEntries(
        Object.entries(environment ?? {}).map(([variable, value]) => [variable, withDefaults(value)]),
      );
      const parsed = (name === 'api' ? parseApiEnvironment : parseWorkerEnvironment)({
        ...Object.fromEntries(inImage),
        ...given,
      });
      expect(parsed).toMatchObject({ temporal: { address: 'temporal:7233', namespace: 'default' } });
    },
  );

  it('starts the image with an entry point that the API has too', async () => {
    const [, command] = /^CMD (.*)$/m.exec(await read('Dockerfile')) ?? [];
    expect(JSON.parse(command ?? '')).toEqual(['node', ...entryPoints.api]);
  });

  it('builds from a Node that Tidegate supports', async () => {
    const [, major] = /^FROM node:(\d+)\.\d+\.\d+/m.exec(await read('Dockerfile')) ?? [];
    const { engines } = createRequire(import.meta.url)('../../package.json');
    expect(Number(major)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
  });
});

/** What Compose makes of a text when `.env` sets only what it must. */
function withDefaults(text: string): string {
  return text.replaceAll(/\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}/g, (_, value?: string) => value ?? 'secret');
}
