import type { Readable } from 'node:stream';

import type { StoreAccess } from './access.ts';
import { faultOfError } from './answer-fault.ts';
import { StoreFault } from './store-fault.ts';

/** Slower than this over a whole time-out, a connection counts as stuck. */
const SLOWEST_BYTES_PER_S = 1024;

/**
 * Hands out the bytes of an answer until `onBytes` says stop; then the connection is cut. Throws a passing
 * {@link StoreFault} where it breaks off, is stuck, or ends before `expected` bytes came (null: unknown).
 */
export async function readBody(
  body: Readable,
  shown: string,
  access: StoreAccess,
  expected: number | null,
  onBytes: (bytes: Uint8Array) => boolean | Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  let got = 0;
  let atLastLook = 0;
  let stuck: StoreFault | null = null;
  const timer = setInterval(() => {
    if (got - atLastLook >= SLOWEST_BYTES_PER_S * access.timeout_s) {
      atLastLook = got;
      return;
    }
    stuck = new StoreFault(
      'unreachable',
      `${shown}: stuck: ${got - atLastLook} bytes within ${access.timeout_s} s`,
      { isPassing: true },
    );
    body.destroy(stuck);
  }, access.timeout_s * 1000);
  try {
    for await (const part of body) {
      if (!(part instanceof Uint8Array)) throw new TypeError('an answer is bytes');
      got += part.length;
      if (!(await onBytes(part))) return;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw stuck ?? faultOfError(shown, error);
  } finally {
    clearInterval(timer);
    body.destroy();
  }
  if (expected !== null && got < expected)
    throw new StoreFault('unreachable', `${shown}: cut off after ${got} of ${expected} bytes`, {
      isPassing: true,
    });
}
