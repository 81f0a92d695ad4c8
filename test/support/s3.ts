import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Children } from '../../dev/children.ts';
import { choosePort } from '../../dev/ports.ts';
import { createProgress } from '../../dev/progress.ts';
import { findS3Gateway } from '../../dev/s3-gateway.ts';
import type { S3Options } from '../../io/index.ts';
import { createTemporaryFolder } from './temporary-folder.ts';
import { eventually } from './tidegate.ts';

/** A server that speaks S3, with one bucket. */
export interface S3Server {
  readonly bucket: string;
  /** How the AWS SDK reaches it. */
  readonly client: NonNullable<S3Options['client']>;
  stop(): Promise<void>;
}

/** Builds the server on first use, which takes minutes. */
export async function startS3(): Promise<S3Server> {
  const binary = await findS3Gateway({ environment: process.env, progress: createProgress(process.stderr) });
  const folder = await createTemporaryFolder();
  const bucket = 'results';
  // In the server's own folder, a bucket is a folder.
  await mkdir(join(folder.path, 'objects', bucket), { recursive: true });
  const [accessKeyId, secretAccessKey] = ['tidegate-test', 'an S3 secret of tests'];
  const port = await choosePort({ kind: 'any' });
  const children = new Children();
  const child = children.start({
    name: 'S3',
    command: binary,
    args: [
      ...[
        '--access',
        accessKeyId,
        '--secret',
        secretAccessKey,
        '--port',
        `127.0.0.1:${port}`,
        '--health',
        '/health',
      ],
      ...['posix', '--sidecar', join(folder.path, 'metadata'), join(folder.path, 'objects')],
    ],
    logFile: join(folder.path, 's3.log'),
  });
  await mkdir(join(folder.path, 'metadata'), { recursive: true });
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (!child.isRunning()) throw new Error(`the S3 server ended: ${child.log()}`);
    return fetch(`${endpoint}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    bucket,
    client: {
      ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
      credentials: { accessKeyId, secretAccessKey },
    },
    async stop() {
      await children.stop();
      await folder.remove();
    },
  };
}
