import type { RangeAnswer } from './object-source.ts';

/** What the first answer of a store says of the version of an object. */
export type ObjectVersion = Pick<RangeAnswer, 'etag' | 'modified_ms' | 'hasEncryptedEtag'>;

/** Stands behind the ETag of an object whose bytes it does not sum up. */
const ENCRYPTED = ' encrypted';

/** The ETag with its quotes, else the time of the last change and the size; null: the store tells neither. */
export function versionText(version: ObjectVersion, sizeBytes: number): string | null {
  const { etag, modified_ms, hasEncryptedEtag } = version;
  if (etag !== null) return hasEncryptedEtag ? `${etag}${ENCRYPTED}` : etag;
  return modified_ms === null ? null : `${modified_ms}/${sizeBytes}`;
}

/**
 * The MD5 of an object in a bucket, 32 hex digits, where its version is one: it was written in one part and is not encrypted
 * with a key of the customer's or of KMS (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
 */
export function md5OfVersion(version: string): string | null {
  return /^"([0-9a-f]{32})"$/.exec(version)?.[1] ?? null;
}

/** Whether an ETag is no sum of the bytes, by what S3 says of the encryption of an object: its algorithm, and the customer's. */
export function isEtagOfCipher(server: unknown, customer: unknown): boolean {
  return customer !== undefined || (typeof server === 'string' && server.startsWith('aws:kms'));
}
