export type { Given, GivenEvent } from './given.ts';
export { type GivenToTask, testDag, testTask } from './test-dag.ts';
export type { TestedEvent, TestedLine, TestedRun, TestedTask } from './tested-run.ts';
