import type { StoreAccess } from './access.ts';
import { s3Client } from './s3-client.ts';
import { StoreFault } from './store-fault.ts';
import type { StoreAddress } from './store-url.ts';

type S3Address = Extract<StoreAddress, { kind: 's3' | 'gs' }>;

/** How long a signature holds, s. */
export const SIGNED_S = 900;

/**
 * A URL by which whoever has it may read one object for a quarter of an hour: for processes that must not have credentials. It is
 * never to be shown. Throws {@link StoreFault} where there are no credentials.
 */
export async function presignObject(address: S3Address, access: StoreAccess): Promise<string> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const region = await regionOfBucket(address, access);
  const client = await s3Client(address.kind, region === null ? access : { ...access, region });
  const command = new GetObjectCommand({ Bucket: address.bucket, Key: address.key });
  let url: string | null = null;
  // The command goes through the client up to the place where it would be signed and sent.
  command.middlewareStack.add(
    (_next, context) => async (args) => {
      const request: unknown = args.request;
      if (!isRequest(request)) throw new TypeError('a command makes a request');
      if (access.isAnonymous) {
        url = urlOf(request);
      } else {
        const [scheme] = context.endpointV2?.properties?.authSchemes ?? [];
        const signer: unknown = await client.config.signer();
        if (!isPresigner(signer)) throw new TypeError('the client signs no URLs');
        const signed: unknown = await signer.presign(
          {
            ...request,
            headers: { host: hostOf(request), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
          },
          {
            expiresIn: SIGNED_S,
            signingRegion: scheme?.signingRegion ?? (await client.config.region()),
            signingService: 's3',
          },
        );
        if (!isRequest(signed)) throw new TypeError('a signature makes a request');
        url = urlOf(signed);
      }
      return { response: null, output: { $metadata: {} } };
    },
    { step: 'build', priority: 'low', name: 'presign' },
  );
  try {
    await client.send(command);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const shown = `${address.kind}://${address.bucket}/${address.key}`.slice(0, 300);
    throw new StoreFault('permission-denied', `${shown}: ${message}`, { cause: error });
  }
  if (url === null) throw new StoreFault('unreachable', 'the request could not be signed');
  return url;
}

const regions = new Map<string, Promise<string | null>>();

/**
 * Where a bucket of Amazon lies, asked once: a signature holds in one region. Null: not Amazon's, said by the user, or not told.
 */
function regionOfBucket(address: S3Address, access: StoreAccess): Promise<string | null> {
  const isAmazon =
    address.kind === 's3' &&
    access.endpoint === null &&
    process.env['AWS_ENDPOINT_URL_S3'] === undefined &&
    process.env['AWS_ENDPOINT_URL'] === undefined;
  if (!isAmazon || access.isAnonymous) return Promise.resolve(null);
  const asked = regions.get(address.bucket) ?? askRegion(address.bucket, access);
  regions.set(address.bucket, asked);
  return asked;
}

async function askRegion(bucket: string, access: StoreAccess): Promise<string | null> {
  const { HeadBucketCommand } = await import('@aws-sdk/client-s3');
  const client = await s3Client('s3', access);
  const answer = await client.send(new HeadBucketCommand({ Bucket: bucket })).catch(() => null);
  return answer?.BucketRegion ?? null;
}

/** The parts of a request of the client that make its URL. */
type Request = {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
};

function isRequest(value: unknown): value is Request {
  return (
    typeof value === 'object' &&
    value !== null &&
    'hostname' in value &&
    typeof value.hostname === 'string' &&
    'path' in value &&
    typeof value.path === 'string' &&
    'protocol' in value &&
    'query' in value
  );
}

type Presigner = {
  readonly presign: (
    request: Request,
    options: {
      readonly expiresIn: number;
      readonly signingRegion: string;
      readonly signingService: string;
    },
  ) => Promise<unknown>;
};

function isPresigner(value: unknown): value is Presigner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'presign' in value &&
    typeof value.presign === 'function'
  );
}

function hostOf({ hostname, port }: Request): string {
  return port === undefined ? hostname : `${hostname}:${port}`;
}

function urlOf(request: Request): string {
  const query = Object.entries(request.query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return `${request.protocol}//${hostOf(request)}${request.path}${query === '' ? '' : `?${query}`}`;
}
