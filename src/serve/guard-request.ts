import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Whether a `Host` header may be answered. A page of somebody else reaches this server only by a name that they own and
 * bend to our address (DNS rebinding), so names are refused: what is left are addresses, `localhost`, and the name that
 * the user gave by `--host`.
 */
export function isOwnHost(header: string | undefined, port: number, host: string): boolean {
  const found = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(header ?? '');
  const [, name = '', saidPort = '80'] = found ?? [];
  if (Number(saidPort) !== port) return false;
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === host.toLowerCase() || isIP(bare) !== 0;
}

/** Compares secrets in a time that does not tell where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
