export { binaryFiles, type FilesOptions, jsonFiles, textFiles } from './files.ts';
export { parquetFiles, type ParquetOptions } from './parquet.ts';
export { postgresTable, type PostgresTableOptions } from './postgres.ts';
export type { Row } from './rows.ts';
export { s3Binary, s3Json, type S3Options, s3Text } from './s3.ts';
