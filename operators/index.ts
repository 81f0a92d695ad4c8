export { type CommandOptions, type CommandResult, CommandFailed, shell, type ShellResult } from './shell.ts';
export { http, HttpFailed, type HttpResult, type HttpResultOf, type RequestOptions } from './http.ts';
export { duckdb, postgres, sql, type SqlDatabase, type SqlResult, type SqlResultOf } from './sql.ts';
export { SqlFailed } from './sql-failed.ts';
export type { SqlStatement, SqlValue } from './statements.ts';
export type { Given, GivenFields } from './given.ts';
