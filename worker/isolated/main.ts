import { toStorableJson } from '../../core/json.ts';
import { dagOf } from '../../sdk/dag.ts';
import type { TaskDefinition } from '../../sdk/index.ts';
import { exportedValues } from '../exported-values.ts';
import { freshImporter } from '../import-fresh.ts';
import { openChannel } from './channel.ts';
import type { Start } from './messages.ts';
import { remoteContext } from './remote-context.ts';
import { toWire } from './wire-errors.ts';

// One try of one isolated task, as a process: loads the file of its DAG, runs its code, and ends.

const channel = openChannel();
const fail = (error: unknown): never => {
  channel.end({ kind: 'failed', error: toWire(error) });
  process.exit(1);
};
// Code that nobody waits for may break, too; a promise that nobody caught comes here as well.
process.once('uncaughtException', fail);
try {
  const start = await channel.started;
  const task = await taskOf(start);
  const result = await task.run(remoteContext(channel, start.data, task));
  channel.end({
    kind: 'ended',
    result:
      result === undefined || result === null
        ? null
        : JSON.parse(toStorableJson(result, "the task's result")),
  });
} catch (error) {
  fail(error);
}
process.exit(0);

async function taskOf({ file, data: { dagId, taskId } }: Start): Promise<TaskDefinition> {
  const exported = exportedValues(await freshImporter()(file));
  const dag = exported.map(dagOf).find((each) => each?.id === dagId);
  const task = dag?.tasks.find(({ id }) => id === taskId);
  if (task !== undefined) return task;
  throw new Error(
    `${file} no longer has task ${taskId} of DAG ${dagId}: start the worker again, it has older code`,
  );
}
