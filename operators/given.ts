import type { TaskContext } from '../sdk/index.ts';

/** A value, or a function that makes it of the task's context when the task runs. */
export type Given<Value, Params extends object, Needs extends object> =
  | Value
  | ((context: TaskContext<Params, Needs>) => Value | Promise<Value>);

/** Options of which each may be a function of the task's context. */
export type GivenFields<Options extends object, Params extends object, Needs extends object> = {
  readonly [Name in keyof Options]: Given<Options[Name], Params, Needs>;
};

/** What was given, as it is in this try. */
export async function resolve<Value, Params extends object, Needs extends object>(
  given: Given<Value, Params, Needs>,
  context: TaskContext<Params, Needs>,
): Promise<Value> {
  return isMaker<Value, TaskContext<Params, Needs>>(given) ? given(context) : given;
}

/** Values are never functions themselves. */
function isMaker<Value, Context>(
  given: Value | ((context: Context) => Value | Promise<Value>),
): given is (context: Context) => Value | Promise<Value> {
  return typeof given === 'function';
}
