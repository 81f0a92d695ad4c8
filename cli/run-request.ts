import type { Command } from 'commander';
import type { CreateDagRun, RequestedDagRun } from '../api/contract/dag-runs.ts';
import type { JsonObject } from '../core/json.ts';
import { jsonObject } from './arguments.ts';
import { instant, type Report, state } from './report.ts';
import { failureOf, watchRun } from './run-watch.ts';
import type { Session } from './session.ts';

export interface RunOptions {
  readonly conf?: JsonObject;
  readonly runId?: string;
  readonly logicalDate?: string;
  readonly note?: string;
  readonly wait?: true;
}

/** Adds the options of a command that asks for a run. */
export function asksForRun(command: Command): Command {
  return command
    .option(
      '-c, --conf <json>',
      "parameters of the run, a JSON object that meets the DAG's params",
      jsonObject,
    )
    .option('-r, --run-id <id>', 'its id; generated when missing')
    .option('-l, --logical-date <time>', 'ISO 8601 with offset, such as 2024-05-01T00:00:00Z')
    .option('-n, --note <text>', 'kept with the run')
    .option('--wait', 'wait until it has ended, and exit with 1 when it failed');
}

/** The body that the options stand for. */
export function requestOf({ conf, runId, logicalDate, note }: RunOptions): CreateDagRun {
  return { dag_run_id: runId, logical_date: logicalDate, conf, note };
}

const foldedNote = 'the request became part of this run, which waits; its conf is that of the request now';

/** Reports a run that was asked for, at its end if that was asked for too. */
export async function reportRequested(
  session: Session,
  run: RequestedDagRun,
  { wait }: RunOptions,
): Promise<Report> {
  const shown = wait === true ? await watchRun(session, run) : run;
  return {
    json: shown,
    sections: [
      {
        kind: 'facts',
        facts: [
          ['dag', shown.dag_id],
          ['run', shown.dag_run_id],
          ['state', state(shown.state)],
          ['queued', instant(shown.queued_at)],
          ...(shown.temporal_ui_url === null ? [] : [['temporal', shown.temporal_ui_url] as const]),
        ],
      },
    ],
    ...(run.was_folded ? { note: foldedNote } : {}),
    failure: failureOf(shown),
  };
}
