import { Readable } from 'node:stream';

import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';

import type { StoreAccess } from './access.ts';
import { type ObjectSource, parseContentRange, rangeHeader } from './object-source.ts';
import { isEtagOfCipher, type ObjectVersion } from './object-version.ts';
import { s3Client } from './s3-client.ts';
import { faultOfS3, statusOfS3 } from './s3-fault.ts';
import { StoreFault } from './store-fault.ts';
import type { StoreAddress } from './store-url.ts';

type S3Address = Extract<StoreAddress, { kind: 's3' | 'gs' }>;

/** An object in a bucket. */
export async function s3Source(address: S3Address, access: StoreAccess): Promise<ObjectSource> {
  const shown = `${address.kind}://${address.bucket}/${address.key}`.slice(0, 300);
  if (address.key === '') throw new StoreFault('invalid-path', `${shown}: it names no object`);
  const { GetObjectCommand, HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const client = await s3Client(address.kind, access);
  const named = { Bucket: address.bucket, Key: address.key };
  return {
    shown,
    get: async (range, version, signal) => {
      const options = signal === undefined ? {} : { abortSignal: signal };
      try {
        const answer = await client.send(
          new GetObjectCommand({
            ...named,
            ...(range === null ? {} : { Range: rangeHeader(range) }),
            ...(version?.etag === null || version === null ? {} : { IfMatch: version.etag }),
          }),
          options,
        );
        const said = parseContentRange(answer.ContentRange);
        const contentLength = answer.ContentLength ?? null;
        if (!(answer.Body instanceof Readable)) throw new TypeError('a body is a stream');
        return {
          isRange: said !== null,
          start: said?.start ?? 0,
          length: said === null ? contentLength : said.end - said.start,
          sizeBytes: said === null ? contentLength : said.sizeBytes,
          ...versionOf(answer),
          body: answer.Body,
        };
      } catch (error) {
        signal?.throwIfAborted();
        if (statusOfS3(error) !== 416 || version !== null) throw faultOfS3(shown, error);
        // No range of an object without bytes can be answered.
        const head = await client
          .send(new HeadObjectCommand(named), options)
          .catch((another: unknown) => {
            throw faultOfS3(shown, another);
          });
        if (head.ContentLength !== 0) throw faultOfS3(shown, error);
        return {
          isRange: true,
          start: 0,
          length: 0,
          sizeBytes: 0,
          ...versionOf(head),
          body: Readable.from([]),
        };
      }
    },
  };
}

function versionOf(
  said: Pick<
    GetObjectCommandOutput,
    'ETag' | 'LastModified' | 'ServerSideEncryption' | 'SSECustomerAlgorithm'
  >,
): ObjectVersion {
  return {
    etag: said.ETag ?? null,
    hasEncryptedEtag: isEtagOfCipher(said.ServerSideEncryption, said.SSECustomerAlgorithm),
    modified_ms: said.LastModified?.getTime() ?? null,
  };
}
