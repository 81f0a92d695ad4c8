import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { type DatabaseOptions, type Db, openPool } from '../../store/database.ts';
import type { Database } from '../../store/schema.ts';

/** What answering a call cost Postgres of one table. */
export interface QueryCost {
  /** Rows it looked at, also those it left out afterwards. */
  readonly read: number;
  /** How it found them: the kinds of scan, by name. */
  readonly scans: readonly string[];
}

/** A database whose queries are explained. */
export interface ExplainedDb {
  readonly db: Db;
  /** Makes a call, then has Postgres explain the queries it made. */
  costOf(table: keyof Database, call: () => Promise<unknown>): Promise<QueryCost>;
}

export function openExplained(place: DatabaseOptions): ExplainedDb {
  const asked: CompiledQuery[] = [];
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: openPool(place) }),
    log: ({ query }) => void (/^\s*(select|with)\b/.test(query.sql) && asked.push(query)),
  });
  return {
    db,
    async costOf(table, call) {
      asked.length = 0;
      await call();
      const queries = [...asked];
      if (queries.length === 0) throw new Error('the call asked nothing');
      const nodes: PlanNode[] = [];
      for (const query of queries) nodes.push(...nodesOf(await explain(db, query)));
      const found = nodes.filter((node) => node['Relation Name'] === table);
      return {
        read: Math.round(found.reduce((sum, node) => sum + rowsReadBy(node), 0)),
        scans: [...new Set(found.map((node) => node['Node Type']))],
      };
    },
  };
}

/** Of Postgres' own words, those that are looked at here. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }];
}

async function explain(db: Db, { sql, parameters }: CompiledQuery): Promise<PlanNode> {
  const { rows } = await db.executeQuery<Explained>(
    CompiledQuery.raw(`explain (analyze, format json) ${sql}`, [...parameters]),
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`not explained: ${sql}`);
  return row['QUERY PLAN'][0].Plan;
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Rows are averages of the loops. */
function rowsReadBy(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return node['Actual Loops'] * (node['Actual Rows'] + removed);
}
