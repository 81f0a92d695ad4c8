import { Dag } from '../../api/contract/dags.ts';
import { Project } from '../../api/contract/project.ts';
import { pathOf } from '../api-client.ts';
import { invalid } from '../command-failure.ts';
import { type Cell, instant, type Report } from '../report.ts';
import type { Session } from '../session.ts';
import { userOf } from '../user.ts';

export interface AllOption {
  readonly all?: true;
}

/** Pauses or resumes one DAG, or the whole project. */
export async function pauseOneOrAll(
  session: Session,
  dagId: string | undefined,
  { all }: AllOption,
  isPaused: boolean,
): Promise<Report> {
  if ((dagId === undefined) !== (all === true)) throw invalid('either a DAG or --all is expected');
  return dagId === undefined ? pauseAll(session, isPaused) : pauseOne(session, dagId, isPaused);
}

/** Whether a DAG is paused, and whether only because the project is. */
export function pausedCell({ is_paused, paused_by }: Dag): Cell {
  return paused_by === 'project' ? 'yes, as the whole project' : is_paused;
}

async function pauseOne({ api }: Session, dagId: string, isPaused: boolean): Promise<Report> {
  const json = await api.send('PATCH', Dag, pathOf`/api/v2/dags/${dagId}`, { is_paused: isPaused });
  const facts = [
    ['dag', json.dag_id],
    ['paused', pausedCell(json)],
  ] as const;
  return { json, sections: [{ kind: 'facts', facts }] };
}

async function pauseAll({ api, surroundings }: Session, isPaused: boolean): Promise<Report> {
  const body = { is_paused: isPaused, who: userOf(surroundings.environment) };
  const json = await api.send('PATCH', Project, '/api/v2/project', body);
  const { pause_changed_at: at } = json;
  const facts: readonly (readonly [string, Cell])[] = [
    ['project paused', json.is_paused],
    ['since', at === null ? null : instant(at)],
    ['by', json.pause_changed_by],
    ['paused themselves', json.dags_paused_themselves],
  ];
  return { json, sections: [{ kind: 'facts', facts }] };
}
