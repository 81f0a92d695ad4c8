export { consumerDag } from './consumer-dag.ts';
export { dagRun } from './dag-run.ts';
export { mappedTask } from './mapped-task.ts';
export { prune } from './prune.ts';
export { project } from './project.ts';
export { tick } from './tick.ts';
