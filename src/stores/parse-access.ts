import { kindOfAddress } from './address-guard.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from './access.ts';

/**
 * How the media of a run are asked for that may come from elsewhere: what a bucket needs is taken from its document, but whom one's own
 * credentials are sent to, and which addresses of one's own network may be asked, is said by whoever opens it (`own`).
 */
export function accessOfRun(told: unknown, own: StoreAccess): StoreAccess {
  const { region, isPathStyle, isAnonymous, isFromRemoteManifest, trustedHosts } =
    parseAccess(told);
  return {
    ...own,
    region: own.region ?? region,
    isPathStyle: own.isPathStyle ?? isPathStyle,
    isAnonymous: own.isAnonymous || isAnonymous,
    isFromRemoteManifest: own.isFromRemoteManifest || isFromRemoteManifest,
    trustedHosts: [...own.trustedHosts, ...trustedHosts.filter((host) => !isMachineHost(host))],
  };
}

/** Whether a trusted host, `169.254.169.254:80`, is where clouds keep the credentials of machines. */
function isMachineHost(host: string): boolean {
  return kindOfAddress(host.replace(/:\d+$/, '')) === 'link-local';
}

/** Reads settings as they come from another process; what is missing or of another type is the default. */
export function parseAccess(value: unknown): StoreAccess {
  const given: Partial<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const usual = DEFAULT_STORE_ACCESS;
  const text = (name: string): string | null => {
    const each = given[name];
    return typeof each === 'string' ? each : null;
  };
  const count = (name: string): number | null => {
    const each = given[name];
    return typeof each === 'number' && Number.isFinite(each) && each >= 0 ? each : null;
  };
  const flag = (name: string): boolean | null => {
    const each = given[name];
    return typeof each === 'boolean' ? each : null;
  };
  const hosts = given['trustedHosts'];
  return {
    endpoint: text('endpoint'),
    region: text('region'),
    profile: text('profile'),
    isPathStyle: flag('isPathStyle'),
    isAnonymous: flag('isAnonymous') ?? usual.isAnonymous,
    concurrency: Math.max(1, count('concurrency') ?? usual.concurrency),
    requests_per_s: count('requests_per_s'),
    retries: count('retries') ?? usual.retries,
    timeout_s: count('timeout_s') ?? usual.timeout_s,
    unrangedBytes: count('unrangedBytes') ?? usual.unrangedBytes,
    usesHttpfs: flag('usesHttpfs') ?? usual.usesHttpfs,
    cacheBytes: count('cacheBytes') ?? usual.cacheBytes,
    allowsPrivateAddresses: flag('allowsPrivateAddresses') ?? usual.allowsPrivateAddresses,
    isFromRemoteManifest: flag('isFromRemoteManifest') ?? usual.isFromRemoteManifest,
    trustedHosts: Array.isArray(hosts) ? hosts.filter((each) => typeof each === 'string') : [],
  };
}
