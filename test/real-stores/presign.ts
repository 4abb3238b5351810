import { createHash, createHmac } from 'node:crypto';

/** A presigned GET as S3 wants it (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html), path style. */
export function presign(
  origin: string,
  path: string,
  user: { readonly accessKeyId: string; readonly secretAccessKey: string },
  from: Date,
  expires_s: number,
): string {
  const time = from.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = Object.entries({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${user.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expires_s),
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const asked = [
    'GET',
    path,
    query,
    `host:${new URL(origin).host}`,
    '',
    'host',
    'UNSIGNED-PAYLOAD',
  ];
  const hash = createHash('sha256').update(asked.join('\n')).digest('hex');
  const key = ['us-east-1', 's3', 'aws4_request'].reduce(
    (each, part) => mac(each, part),
    mac(`AWS4${user.secretAccessKey}`, time.slice(0, 8)),
  );
  const signature = mac(key, ['AWS4-HMAC-SHA256', time, scope, hash].join('\n')).toString('hex');
  return `${origin}${path}?${query}&X-Amz-Signature=${signature}`;
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
