import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { type AsJson, type IoManager, ioManager } from '../sdk/io.ts';
import { resource } from '../sdk/resource.ts';
import { gone } from './files.ts';
import { extensions, type Format, fromBytes, toBytes } from './format.ts';
import { optionalPackage } from './optional-package.ts';
import { resultKey } from './result-key.ts';

const s3Package = '@aws-sdk/client-s3';

export interface S3Options {
  /** It must be there. */
  readonly bucket: string;
  /** Before the key of every object, such as `results/`. @defaultValue nothing */
  readonly prefix?: string;
  /** Endpoint, region and credentials, as the AWS SDK takes them. @defaultValue those of the environment */
  readonly client?: S3ClientConfig;
  /** @defaultValue `'s3-json'`, `'s3-text'` or `'s3-binary'` */
  readonly name?: string;
}

/** Results as JSON objects of S3 or of what speaks as it does, one for each try. */
export function s3Json(options: S3Options): IoManager<unknown, AsJson> {
  return s3Of(options, 'json');
}

/** Texts as objects of S3, one for each try. */
export function s3Text(options: S3Options): IoManager<string, string> {
  return s3Of(options, 'text');
}

/** Bytes as objects of S3, one for each try. */
export function s3Binary(options: S3Options): IoManager<Uint8Array, Buffer> {
  return s3Of(options, 'binary');
}

interface S3Reference {
  readonly [part: string]: string | number;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

function s3Of(options: S3Options, format: 'json'): IoManager<unknown, AsJson>;
function s3Of(options: S3Options, format: 'text'): IoManager<string, string>;
function s3Of(options: S3Options, format: 'binary'): IoManager<Uint8Array, Buffer>;
function s3Of(options: S3Options, format: Format): IoManager {
  const { bucket, prefix = '', client, name = `s3-${format}` } = options;
  const s3 = resource({
    name: `client of ${name}`,
    async setUp() {
      const sdk = await optionalPackage(name, s3Package, () => import('@aws-sdk/client-s3'));
      return { sdk, client: new sdk.S3Client(client ?? {}) };
    },
    tearDown: ({ client: opened }) => opened.destroy(),
  });
  return ioManager({
    name,
    resources: { s3 },
    async save(value: unknown, context) {
      const { sdk, client: opened } = context.resources.s3;
      const key = `${prefix}${resultKey(context)}.${extensions[format]}`;
      const body = toBytes(value, format);
      // An object is there as a whole or not at all.
      const put = new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: body });
      await opened.send(put, { abortSignal: context.signal });
      return { bucket, key, bytes: body.length } satisfies S3Reference;
    },
    async load({ bucket: from, key }: S3Reference, { resources, signal }) {
      const { sdk, client: opened } = resources.s3;
      try {
        const get = new sdk.GetObjectCommand({ Bucket: from, Key: key });
        const { Body: body } = await opened.send(get, { abortSignal: signal });
        return fromBytes(Buffer.from((await body?.transformToByteArray()) ?? []), format);
      } catch (error) {
        throw error instanceof sdk.NoSuchKey ? gone(`s3://${from}/${key}`, error) : error;
      }
    },
    async remove({ bucket: from, key }: S3Reference, { resources }) {
      const { sdk, client: opened } = resources.s3;
      await opened.send(new sdk.DeleteObjectCommand({ Bucket: from, Key: key }));
    },
  });
}
