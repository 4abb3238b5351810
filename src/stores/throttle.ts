import { setTimeout as sleep } from 'node:timers/promises';

import type { StoreAccess } from './access.ts';

/** Lets so many tasks run at once, and so many start in a second. */
class Throttle {
  readonly #most: number;
  readonly #gap_ms: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #next_ms = 0;

  constructor(limits: { readonly concurrency: number; readonly requests_per_s: number | null }) {
    this.#most = limits.concurrency;
    this.#gap_ms = limits.requests_per_s === null ? 0 : 1000 / limits.requests_per_s;
  }

  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#most)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    else this.#running += 1;
    try {
      const now = performance.now();
      const start = Math.max(now, this.#next_ms);
      this.#next_ms = start + this.#gap_ms;
      if (start > now) await sleep(start - now, undefined, signal === undefined ? {} : { signal });
      return await task();
    } finally {
      const next = this.#waiting.shift();
      // The place goes on to the one who waited longest.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

const kept = new Map<string, Throttle>();

/** The throttle of this process for these limits. */
export function throttleFor(access: StoreAccess): Throttle {
  const { concurrency, requests_per_s } = access;
  const name = `${concurrency}/${requests_per_s}`;
  const throttle = kept.get(name) ?? new Throttle({ concurrency, requests_per_s });
  kept.set(name, throttle);
  return throttle;
}
