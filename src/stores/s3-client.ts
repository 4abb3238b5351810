import type { S3Client } from '@aws-sdk/client-s3';

import type { StoreAccess } from './access.ts';
import { agentsFor } from './agents.ts';
import { trustedHostOf } from './address-guard.ts';

/** Google's interoperability with S3: https://cloud.google.com/storage/docs/interoperability */
const GOOGLE_ENDPOINT = 'https://storage.googleapis.com';

/** Where a bucket is looked for that nobody has placed; the store leads on from there. */
const ANY_REGION = 'us-east-1';

const kept = new Map<string, Promise<S3Client>>();

/**
 * The client for buckets of Amazon and whoever speaks like it, or of Google. It takes its credentials from the chain of the
 * AWS command line: environment, profiles, web identity, container and instance roles. Retries are ours.
 */
export function s3Client(kind: 's3' | 'gs', access: StoreAccess): Promise<S3Client> {
  const name = JSON.stringify([kind, access]);
  const client = kept.get(name) ?? makeClient(kind, access);
  kept.set(name, client);
  return client;
}

async function makeClient(kind: 's3' | 'gs', access: StoreAccess): Promise<S3Client> {
  // Its releases from January 2027 on need Node 22, and the present one says so on stderr.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const endpoint = kind === 'gs' ? GOOGLE_ENDPOINT : endpointOf(access);
  const region = access.region ?? (kind === 'gs' ? 'auto' : regionOf(endpoint));
  // Whoever sets the endpoint may set one in their own network.
  const trusted = endpoint === null ? null : trustedHostOf(endpoint);
  const agents = agentsFor({
    ...access,
    allowsPrivateAddresses: access.allowsPrivateAddresses || (kind === 's3' && endpoint !== null),
    trustedHosts: trusted === null ? access.trustedHosts : [...access.trustedHosts, trusted],
  });
  const make = (named: string | null): S3Client =>
    new sdk.S3Client({
      ...(endpoint === null ? {} : { endpoint }),
      ...(named === null ? {} : { region: named }),
      ...(access.profile === null ? {} : { profile: access.profile }),
      ...(access.isAnonymous
        ? {
            signer: { sign: (request) => Promise.resolve(request) },
            credentials: { accessKeyId: '', secretAccessKey: '' },
          }
        : {}),
      forcePathStyle: access.isPathStyle ?? endpoint !== null,
      maxAttempts: 1,
      followRegionRedirects: endpoint === null,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        httpAgent: agents.http,
        httpsAgent: agents.https,
        connectionTimeout: access.timeout_s * 1000,
        requestTimeout: access.timeout_s * 1000,
      },
    });
  return withRegion(make, region);
}

/** Who asks and where: for readers that speak to the store themselves. */
type S3Identity = {
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly isPathStyle: boolean;
  /** Null: requests go out without a signature. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  } | null;
};

/** The identity that the credential chain gives. Throws what the AWS SDK says where there is none. */
export async function s3Identity(access: StoreAccess): Promise<S3Identity> {
  const client = await s3Client('s3', access);
  const endpoint = endpointOf(access);
  return {
    endpoint,
    region: await client.config.region(),
    isPathStyle: access.isPathStyle ?? endpoint !== null,
    credentials: access.isAnonymous ? null : await client.config.credentials(),
  };
}

function endpointOf(access: StoreAccess): string | null {
  return (
    access.endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'] ?? null
  );
}

/** Null leaves it to the profile; a server of one's own wants any region, and public buckets are asked where all began. */
function regionOf(endpoint: string | null): string | null {
  return (
    process.env['AWS_REGION'] ??
    process.env['AWS_DEFAULT_REGION'] ??
    (endpoint === null ? null : ANY_REGION)
  );
}

/** The client with the usual region where neither the environment nor the profile names one. */
async function withRegion(
  make: (region: string | null) => S3Client,
  region: string | null,
): Promise<S3Client> {
  const client = make(region);
  if (region !== null) return client;
  return client.config.region().then(
    () => client,
    () => make(ANY_REGION),
  );
}
