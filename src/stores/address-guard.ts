import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

import type { StoreAccess } from './access.ts';
import { StoreFault } from './store-fault.ts';

/**
 * Addresses that are no place of the public internet (https://www.iana.org/assignments/iana-ipv4-special-registry and
 * iana-ipv6-special-registry), by what they are.
 */
const SPECIAL = [
  // Also 100.100.100.200 and fd00:ec2::254: where Alibaba and Amazon keep the credentials of machines.
  ['link-local', ['169.254.0.0/16', 'fe80::/10', '100.100.100.200/32', 'fd00:ec2::254/128']],
  ['loopback', ['127.0.0.0/8', '::1/128', '0.0.0.0/8', '::/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['shared', ['100.64.0.0/10']],
  [
    'reserved',
    [
      '192.0.0.0/24',
      '192.0.2.0/24',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '100::/64',
      '2001:db8::/32',
    ],
  ],
  ['multicast', ['224.0.0.0/3', 'ff00::/8']],
] as const;

type AddressKind = (typeof SPECIAL)[number][0];

const LISTS = SPECIAL.map(([kind, subnets]) => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [net = '', bits] = subnet.split('/');
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
  }
  return { kind, list };
});

/** What an IP address is, if it is none of the public internet; addresses that carry one of version 4 are what that is. */
export function kindOfAddress(address: string): AddressKind | null {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return 'reserved';
  if (family === 6) {
    const inner = embeddedIpv4(plain);
    if (inner !== null) return kindOfAddress(inner);
  }
  const found = LISTS.find(({ list }) => list.check(plain, family === 6 ? 'ipv6' : 'ipv4'));
  return found?.kind ?? null;
}

/** The address of version 4 in a mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96) or 6to4 (2002::/16) one. */
function embeddedIpv4(address: string): string | null {
  const groups = expandIpv6(address);
  const [g0 = 0, g1 = 0, g2 = 0] = groups;
  const middle = groups.slice(0, 5).every((group) => group === 0);
  const [high = 0, low = 0] =
    g0 === 0x2002
      ? [g1, g2]
      : (middle &&
            (groups[5] === 0xffff || groups[5] === 0) &&
            groups.slice(6).some((g) => g > 1)) ||
          (g0 === 0x64 && g1 === 0xff9b)
        ? groups.slice(6)
        : [-1, -1];
  return high < 0 ? null : [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function expandIpv6(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text =
    dotted === null
      ? address
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`;
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map((group) =>
    Number.parseInt(group, 16),
  );
}

/** Why an address may not be asked under these settings; null if it may. */
export function refusalOf(address: string, access: StoreAccess): AddressKind | null {
  if (access.allowsPrivateAddresses) return null;
  const kind = kindOfAddress(address);
  return access.isFromRemoteManifest || kind === 'link-local' ? kind : null;
}

/** The fault for a host at such an address. */
export function refusedAddress(host: string, kind: string): StoreFault {
  return new StoreFault(
    'refused-address',
    `${host} is at a ${kind} address: refused, unless --allow-private-addresses`,
  );
}

/** Whether the user named this host and port, in digits or as localhost, which no name server can turn elsewhere. */
export function isTrustedHost(host: string, port: number, access: StoreAccess): boolean {
  return access.trustedHosts.includes(`${host.toLowerCase()}:${port}`);
}

/** Host and port to be trusted because the user named them; null for names that a name server resolves. */
export function trustedHostOf(url: string): string | null {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return null;
  const { hostname, port, protocol } = new URL(url);
  const host = bareHost(hostname);
  if (isIP(host) === 0 && !isLocalName(host)) return null;
  return `${host.toLowerCase()}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

/** Access that also trusts the hosts of URLs which the user named. */
export function trusting(access: StoreAccess, named: readonly string[]): StoreAccess {
  const hosts = named.map(trustedHostOf).filter((host) => host !== null);
  return { ...access, trustedHosts: [...access.trustedHosts, ...hosts] };
}

/** A host name without the brackets that addresses of version 6 have in URLs. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function isLocalName(host: string): boolean {
  return /(^|\.)localhost\.?$/i.test(host);
}

/**
 * Whether a URL names a refused address in so many words, before anything is asked; null if not. For URLs that stand in a
 * manifest; names are checked when they are resolved, by {@link guardedLookup}.
 */
export function refusalOfUrl(url: string, access: StoreAccess): StoreFault | null {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return null;
  const host = bareHost(new URL(url).hostname);
  const address = isIP(host) > 0 ? host : isLocalName(host) ? '127.0.0.1' : null;
  if (address === null) return null;
  const kind = refusalOf(address, access);
  return kind === null ? null : refusedAddress(host, kind);
}

/** Resolves names and refuses those any of whose addresses is refused: what is checked is what is connected to. */
export function guardedLookup(access: StoreAccess, port: number): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, found) => {
      const addresses: readonly LookupAddress[] = found;
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const refused = isTrustedHost(hostname, port, access)
        ? null
        : (addresses
            .map(({ address }) => refusalOf(address, access))
            .find((each) => each !== null) ?? null);
      const [first] = addresses;
      if (refused !== null) callback(refusedAddress(hostname, refused), '', 0);
      else if (options.all === true) callback(null, [...addresses]);
      else if (first !== undefined) callback(null, first.address, first.family);
    });
  };
}
