import type { Command } from 'commander';
import { MonitorHealth, Version } from '../../api/contract/health.ts';
import type { Api } from '../api-client.ts';
import { CommandFailure } from '../command-failure.ts';
import { exitStatus } from '../exit-status.ts';
import { type Cell, type Report, state } from '../report.ts';
import type { Run, Session } from '../session.ts';

/** `tidegate health` and `tidegate version` */
export function addHealthCommands(program: Command, run: Run): void {
  program
    .command('health')
    .description('say whether the API, Postgres and Temporal are there')
    .action(() => run(showHealth));
  program
    .command('version')
    .description('print the version of this command and of the API')
    .action(() => run(showVersion));
}

async function showHealth({ api }: Session): Promise<Report> {
  const json = await api.get(MonitorHealth, '/api/v2/monitor/health');
  const facts: readonly (readonly [string, Cell])[] = [
    ['api', state('healthy')],
    ['postgres', state(json.metadatabase.status)],
    ['temporal', state(json.temporal.status)],
    ['namespace', json.temporal.namespace],
  ];
  const ill = [
    ...(json.metadatabase.status === 'unhealthy' ? ['Postgres'] : []),
    ...(json.temporal.status === 'unhealthy' ? ['Temporal'] : []),
  ];
  return {
    json,
    sections: [{ kind: 'facts', facts }],
    failure:
      ill.length === 0
        ? undefined
        : `the API at ${api.url} does not reach ${ill.join(' and ')}: \`tidegate doctor\`, run where the API runs, says why`,
  };
}

async function showVersion({ api, version }: Session): Promise<Report> {
  const served = await versionOf(api);
  const facts: readonly (readonly [string, Cell])[] = [
    ['tidegate', version],
    ['api', served?.version ?? null],
    ['address', api.url],
  ];
  return {
    json: { version, api: served ?? null },
    sections: [{ kind: 'facts', facts }],
    note: served === undefined ? `the API at ${api.url} does not answer` : undefined,
  };
}

/** The API need not run for a command to know its own version. */
async function versionOf(api: Api): Promise<Version | undefined> {
  try {
    return await api.get(Version, '/api/v2/version');
  } catch (error) {
    if (error instanceof CommandFailure && error.status === exitStatus.unreachable) return undefined;
    throw error;
  }
}
