/**
 * How stores of objects are reached: settings that survive JSON, so that a task can carry them to a worker. No secret is
 * among them: each process takes its credentials from its own environment.
 */
export type StoreAccess = {
  /** URL of an S3-compatible server; null: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile's, else Amazon's. */
  readonly endpoint: string | null;
  /** Null: that of the environment or the profile, else `us-east-1`. */
  readonly region: string | null;
  /** Name of a profile in the files of the AWS command line; null: the chain's choice. */
  readonly profile: string | null;
  /** Whether the bucket stands in the path instead of the host name (MinIO, Ceph, Swift); null: where there is an endpoint. */
  readonly isPathStyle: boolean | null;
  /** Whether requests go out without a signature, as for public buckets. */
  readonly isAnonymous: boolean;
  /** Requests of this process that are under way at once. */
  readonly concurrency: number;
  /** Requests that this process starts in a second; null: no limit. */
  readonly requests_per_s: number | null;
  /** Further attempts after the first one, for answers and failures that may pass. */
  readonly retries: number;
  /** Time without progress after which an attempt has failed, in seconds. */
  readonly timeout_s: number;
  /** Largest object that is fetched whole from a server that answers no ranges, to read a part of it. */
  readonly unrangedBytes: number;
  /** Whether Parquet is read by DuckDB's extension httpfs where the user has installed it. */
  readonly usesHttpfs: boolean;
  /** What is kept on disk of manifests that are fetched, at most, during a run. */
  readonly cacheBytes: number;
  /** Whether hosts at loopback, link-local and private addresses may be asked. */
  readonly allowsPrivateAddresses: boolean;
  /**
   * Whether the URLs come out of a manifest that was itself fetched: then no private address is asked. For a manifest on
   * disk only link-local addresses are refused, where clouds keep the credentials of machines.
   */
  readonly isFromRemoteManifest: boolean;
  /** Hosts with ports that the user named in so many digits or as `localhost`: these are asked in any case. */
  readonly trustedHosts: readonly string[];
};

/** What holds where `stores:` in `dailies.yaml` says nothing. */
export const DEFAULT_STORE_ACCESS: StoreAccess = {
  endpoint: null,
  region: null,
  profile: null,
  isPathStyle: null,
  isAnonymous: false,
  concurrency: 16,
  requests_per_s: null,
  retries: 4,
  timeout_s: 20,
  unrangedBytes: 64_000_000,
  usesHttpfs: false,
  cacheBytes: 20_000_000_000,
  allowsPrivateAddresses: false,
  isFromRemoteManifest: false,
  trustedHosts: [],
};

/** The share of each of several processes: together they keep the limits on requests. */
export function shareAccess(access: StoreAccess, processes: number): StoreAccess {
  return {
    ...access,
    concurrency: Math.max(1, Math.floor(access.concurrency / processes)),
    requests_per_s: access.requests_per_s === null ? null : access.requests_per_s / processes,
  };
}
