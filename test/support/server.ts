/** Address or path that the test run was given for one of the servers it shares. */
export function testServer(
  variable:
    | 'TIDEGATE_TEST_POSTGRES_URL'
    | 'TIDEGATE_TEST_TEMPORAL_ADDRESS'
    | 'TIDEGATE_TEST_TEMPORAL_CLI'
    | 'TIDEGATE_TEST_TIME_SKIPPING_SERVER',
): string {
  const value = process.env[variable];
  if (value === undefined || value === '') {
    throw new Error(
      `${variable} is not set: run this test with \`npm test -- <file>\`, which starts the servers`,
    );
  }
  return value;
}
