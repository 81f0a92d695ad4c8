import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitStatus } from '../../cli/exit-status.ts';
import { repository } from '../support/temp-project.ts';
import { runCommand, runHere } from './run-command.ts';

describe('a wrong command line', () => {
  it.each([
    ['dgas', `unknown command 'dgas': did you mean 'dags'?`],
    ['dags lst', `unknown command 'lst': did you mean 'list'?`],
    ['dags list --limt 3', `unknown option '--limt': did you mean '--limit'?`],
    ['dags show', `missing required argument 'dag': see --help`],
    ['dags list -o xml', 'Allowed choices are table, json, plain'],
    ['dags trigger a --conf {', 'it is not JSON'],
    ['dags trigger a --conf [1]', 'a JSON object is expected'],
    ['events list --limit many', 'a whole number is expected'],
    ['assets details', 'exactly one of --name, --uri and --id is expected'],
    ['assets details --name a --id 1', 'exactly one of --name, --uri and --id is expected'],
    ['assets queued-events', 'an asset (--name, --uri or --id), --dag, or both are expected'],
    ['assets clear-queued-events', 'an asset (--name, --uri or --id), --dag, or both are expected'],
    ['assets queued-events --name a --id 1', 'exactly one of --name, --uri and --id is expected'],
    ['dags pause', 'either a DAG or --all is expected'],
    ['dags unpause report --all', 'either a DAG or --all is expected'],
    ['dags list --api-url nowhere', '--api-url "nowhere" is not valid'],
  ])('ends with 2 and one line: %s', async (line, message) => {
    const { status, stdout, stderr } = await runHere(line.split(' '));
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^tidegate: .+\n$/);
    expect({ status, stdout }).toEqual({ status: exitStatus.invalid, stdout: '' });
  });

  it('is answered with help where a command is missing', async () => {
    const { status, stderr } = await runHere(['dags']);
    expect(status).toBe(exitStatus.invalid);
    expect(stderr).toMatch(/Usage: tidegate dags[^]+list-runs/);
  });
});

describe('help', () => {
  it('says what each exit status means', async () => {
    const { status, stdout } = await runHere(['--help']);
    expect(status).toBe(exitStatus.ok);
    expect(stdout).toMatch(/Exit status: 0 done; 1 .+; 2 [^;]+; 3 /s);
  });
});

describe('docs/cli.md', () => {
  it('shows every command that the help names', async () => {
    const page = await readFile(join(repository, 'docs/cli.md'), 'utf8');
    const groups = ['dags', 'tasks', 'runs', 'pools', 'assets', 'events'];
    const helps = await Promise.all(groups.map((group) => runHere([group, '--help'])));
    const commands = helps.flatMap(({ stdout }, at) =>
      [...stdout.matchAll(/^ {2}([a-z]+(?:-[a-z]+)*) /gm)].map(([, name]) => `${groups[at]} ${name}`),
    );
    const ours = commands.filter((command) => !command.endsWith(' help'));
    expect(ours.length).toBeGreaterThan(15);
    expect(ours.filter((command) => !page.includes(`$ tidegate ${command}`))).toEqual([]);
  });
});

describe('an API that is not there', () => {
  it('ends with 3, naming the address and the remedy', async () => {
    const { status, stderr } = await runHere(['dags', 'list', '--api-url', 'http://127.0.0.1:1']);
    expect(status).toBe(exitStatus.unreachable);
    expect(stderr).toMatch(/^tidegate: the API at http:\/\/127\.0\.0\.1:1 does not answer .+npm start.+\n$/);
  });

  it('is no reason for a command not to know its own version', async () => {
    const { status, stdout } = await runHere(['version', '-o', 'json', '--api-url', 'http://127.0.0.1:1']);
    expect(status).toBe(exitStatus.ok);
    expect(JSON.parse(stdout)).toMatchObject({ api: null });
  });
});

describe('the command as a process', () => {
  it('ends with its status, in any folder', async () => {
    const ended = await Promise.all([
      runCommand(['--version'], { cwd: '/' }),
      runCommand(['dgas'], { cwd: '/' }),
      runCommand(['dags', 'list', '--api-url', 'http://127.0.0.1:1'], { cwd: '/' }),
    ]);
    expect(ended.map(({ status }) => status)).toEqual([
      exitStatus.ok,
      exitStatus.invalid,
      exitStatus.unreachable,
    ]);
    expect(ended.map(({ stderr }) => stderr.split('\n').length)).toEqual([1, 2, 2]);
  });
});
