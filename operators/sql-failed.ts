/** What a database answered a statement with; without the values of its parameters. */
export class SqlFailed extends Error {
  override readonly name = 'SqlFailed';
}
