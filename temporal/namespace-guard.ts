import { TidegateError } from '../core/errors.ts';
import { readLog } from '../store/log.ts';
import type { Db } from '../store/database.ts';
import type { project } from '../workflows/project.ts';
import type { Temporal } from './deps.ts';

const workflowId = 'tidegate/project';

/**
 * Holds the namespace for the project of this database: one project is one Postgres schema and one namespace.
 * @throws TidegateError `wrong_project` when the namespace belongs to another project
 */
export async function claimNamespace(db: Db, { client, namespace, taskQueue }: Temporal): Promise<void> {
  const { id } = await readLog(db);
  await client.workflow.start<typeof project>('project', {
    ...{ workflowId, taskQueue, args: [], workflowIdConflictPolicy: 'USE_EXISTING' },
    memo: { log: id },
    staticSummary: 'holds this namespace for one Tidegate project',
  });
  const { memo } = await client.workflow.getHandle(workflowId).describe();
  if (memo?.['log'] !== id) {
    throw new TidegateError(
      'wrong_project',
      `TEMPORAL_NAMESPACE ${namespace} belongs to another Tidegate project (event log ${String(memo?.['log'])}, this database has ${id}): use a namespace of its own, or DATABASE_URL and TIDEGATE_SCHEMA of that project`,
    );
  }
}
