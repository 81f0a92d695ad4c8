import { parseApiEnvironment } from '../../api/environment.ts';
import { parseEnvironment, projectVariables } from '../../temporal/environment.ts';

const DATABASE_URL = 'postgres://me:secret@db:5432/tidegate';

describe('the environment', () => {
  it('has a default for everything but the database', () => {
    expect(parseApiEnvironment({ DATABASE_URL })).toEqual({
      database: { url: DATABASE_URL, schema: 'tidegate' },
      temporal: { address: '127.0.0.1:7233', namespace: 'default', taskQueue: 'tidegate' },
      temporalUiUrl: undefined,
      port: 8080,
      host: '127.0.0.1',
    });
  });

  it('takes what is set', () => {
    const { temporal, temporalUiUrl } = parseEnvironment({
      DATABASE_URL,
      TEMPORAL_ADDRESS: '[::1]:7234',
      TEMPORAL_NAMESPACE: 'mine',
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_TLS: 'true',
      TIDEGATE_TASK_QUEUE: 'lake',
      TIDEGATE_UI_URL: 'https://temporal.example/ui/',
    });
    expect(temporal).toEqual({
      address: '[::1]:7234',
      namespace: 'mine',
      apiKey: 'key',
      tls: true,
      taskQueue: 'lake',
    });
    expect(temporalUiUrl).toBe('https://temporal.example/ui');
  });

  it('is read from the variables that lead to a project, and no other', () => {
    const asked = new Set<string>();
    parseEnvironment(
      new Proxy(
        { DATABASE_URL },
        { get: (values, name) => (asked.add(String(name)), Reflect.get(values, name)) },
      ),
    );
    expect([...asked].toSorted()).toEqual(projectVariables.toSorted());
  });

  it('takes an empty variable for one that is not set', () => {
    expect(parseApiEnvironment({ DATABASE_URL, TIDEGATE_API_PORT: '', TEMPORAL_ADDRESS: ' ' }).port).toBe(
      8080,
    );
  });

  it.each([
    ['DATABASE_URL', ''],
    ['DATABASE_URL', 'mysql://db/tidegate'],
    ['DATABASE_URL', 'db:5432'],
    ['TIDEGATE_SCHEMA', 'Tide gate'],
    ['TEMPORAL_ADDRESS', 'temporal'],
    ['TEMPORAL_ADDRESS', 'temporal:99999'],
    ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
    ['TEMPORAL_TLS', 'yes'],
    ['TIDEGATE_UI_URL', 'temporal'],
    ['TIDEGATE_API_PORT', '0'],
    ['TIDEGATE_API_PORT', '80a'],
  ])('names %s when it is %j', (name, value) => {
    const parse = () => parseApiEnvironment({ DATABASE_URL, [name]: value });
    expect(parse).toThrow(
      expect.objectContaining({ code: 'invalid_environment', message: expect.stringContaining(name) }),
    );
  });

  it('never repeats the database address, which may hold a password', () => {
    expect(() => parseEnvironment({ DATABASE_URL: 'mysql://me:secret@db/x' })).not.toThrow(/secret/);
  });
});
