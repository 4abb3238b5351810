import { setTimeout as sleep } from 'node:timers/promises';

import pRetry from 'p-retry';

import type { StoreAccess } from './access.ts';
import { StoreFault } from './store-fault.ts';
import { throttleFor } from './throttle.ts';

/** First pause before another attempt; each further one is twice as long, times a random factor of 1 to 2. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 20_000;

/** A server that asks for a longer pause is unreachable as far as this run goes. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Runs an attempt within the limits on requests, and again while its faults may pass: with exponential pauses and jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), or after the pause that the server asked for.
 * Throws the last {@link StoreFault}.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  access: StoreAccess,
  signal?: AbortSignal,
): Promise<T> {
  const throttle = throttleFor(access);
  return pRetry(() => throttle.run(attempt, signal), {
    retries: access.retries,
    minTimeout: FIRST_PAUSE_MS,
    maxTimeout: LONGEST_PAUSE_MS,
    factor: 2,
    randomize: true,
    ...(signal === undefined ? {} : { signal }),
    shouldRetry: ({ error }) =>
      error instanceof StoreFault && error.isPassing && (error.wait_ms ?? 0) <= LONGEST_WAIT_MS,
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const wait_ms = error instanceof StoreFault ? (error.wait_ms ?? 0) : 0;
      if (retriesLeft > 0 && wait_ms > 0 && wait_ms <= LONGEST_WAIT_MS)
        await sleep(wait_ms, undefined, signal === undefined ? {} : { signal });
    },
  });
}
