import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket, isIP } from 'node:net';
import type { Duplex } from 'node:stream';

import type { StoreAccess } from './access.ts';
import { guardedLookup, isTrustedHost, refusalOf, refusedAddress } from './address-guard.ts';

/** Connections that are kept open between requests, to hosts that may be asked. */
type Agents = { readonly http: HttpAgent; readonly https: HttpsAgent };

const kept = new Map<string, Agents>();

/** The agents for these settings: one pair for all requests with the same rules about addresses. */
export function agentsFor(access: StoreAccess): Agents {
  const { allowsPrivateAddresses, isFromRemoteManifest, trustedHosts, concurrency } = access;
  const name = JSON.stringify([
    allowsPrivateAddresses,
    isFromRemoteManifest,
    trustedHosts,
    concurrency,
  ]);
  const found = kept.get(name);
  if (found !== undefined) return found;
  const options: AgentOptions = { keepAlive: true, maxSockets: concurrency, keepAliveMsecs: 5000 };
  const agents = {
    http: new GuardedHttp(options, access),
    https: new GuardedHttps(options, access),
  };
  kept.set(name, agents);
  return agents;
}

type ConnectOptions = {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
};

/** A socket that fails at once: the way an agent can say no. */
function refuse(options: ConnectOptions, access: StoreAccess): Socket | null {
  const host = options.host ?? '';
  if (isIP(host) === 0 || isTrustedHost(host, Number(options.port), access)) return null;
  const kind = refusalOf(host, access);
  if (kind === null) return null;
  const socket = new Socket();
  process.nextTick(() => socket.destroy(refusedAddress(host, kind)));
  return socket;
}

class GuardedHttp extends HttpAgent {
  readonly #access: StoreAccess;
  constructor(options: AgentOptions, access: StoreAccess) {
    super(options);
    this.#access = access;
  }
  override createConnection(
    options: Parameters<HttpAgent['createConnection']>[0],
    callback?: Parameters<HttpAgent['createConnection']>[1],
  ): Duplex | null | undefined {
    const lookup = guardedLookup(this.#access, Number(options.port));
    return (
      refuse(options, this.#access) ?? super.createConnection({ ...options, lookup }, callback)
    );
  }
}

class GuardedHttps extends HttpsAgent {
  readonly #access: StoreAccess;
  constructor(options: AgentOptions, access: StoreAccess) {
    super(options);
    this.#access = access;
  }
  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    callback?: Parameters<HttpsAgent['createConnection']>[1],
  ): Duplex | null | undefined {
    const lookup = guardedLookup(this.#access, Number(options.port));
    return (
      refuse(options, this.#access) ?? super.createConnection({ ...options, lookup }, callback)
    );
  }
}
