import { isUrl } from '../media/medium-text.ts';
import type { Medium } from '../media/medium.ts';

/** Media in a row that a store did not give, for at least so long, before no more are asked of it. */
const MOST_FAILURES = 10;
const PATIENCE_MS = 60_000;

/**
 * Which stores have stopped to answer: a run over a store that is down should end in minutes, not after the time-outs of each
 * object. One answer makes up for all failures before it.
 */
export class SilentStores {
  readonly #failures = new Map<string, { count: number; since_ms: number; last_ms: number }>();

  /** Learns from what came of asking for a medium: whether its store did not give it. */
  note(medium: Medium, isMissed: boolean): void {
    const store = storeOf(medium);
    if (store === null) return;
    if (!isMissed) {
      this.#failures.delete(store);
      return;
    }
    const now = performance.now();
    const known = this.#failures.get(store) ?? { count: 0, since_ms: now, last_ms: now };
    this.#failures.set(store, { ...known, count: known.count + 1, last_ms: now });
  }

  /** Whether the store of a medium is not asked any more. */
  isSilent(medium: Medium): boolean {
    const store = storeOf(medium);
    const known = store === null ? undefined : this.#failures.get(store);
    return (
      known !== undefined &&
      known.count >= MOST_FAILURES &&
      known.last_ms - known.since_ms >= PATIENCE_MS
    );
  }
}

/** Scheme and host, or bucket; null for local files. */
function storeOf({ source }: Medium): string | null {
  return isUrl(source) ? (/^[^:]+:\/\/[^/?#]*/.exec(source)?.[0] ?? source) : null;
}
