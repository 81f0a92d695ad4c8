/** What this repository reads of Jest's JSON report. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that failed to load or to run at all. */
  readonly numRuntimeErrorTestSuites: number;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** Counts of a run; a file that failed to run is a failure, and so is a bad end of Jest that no test explains. */
export function outcomeOf(report: JestReport | undefined, status: number): Outcome {
  const passed = report?.numPassedTests ?? 0;
  const failed = (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 0);
  return { passed, failed: status === 0 ? failed : Math.max(1, failed) };
}

/** The last line of a test run, for people and machines. */
export function closingLine({ passed, failed }: Outcome): string {
  return `${passed} passed, ${failed} failed`;
}
