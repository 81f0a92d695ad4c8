import type { Variables } from './session.ts';

/** Who asks, as the machine has it. */
export function userOf(environment: Variables): string {
  return environment['USER'] || environment['LOGNAME'] || environment['USERNAME'] || 'command line';
}
