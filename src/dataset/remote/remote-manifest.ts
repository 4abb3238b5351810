import type { DuckDBConnection } from '@duckdb/node-api';
import pMap from 'p-map';

import { DailiesError } from '../../dailies-error.ts';
import { type Bound, leavesRead, explainReads } from './statement-columns.ts';
import type { SparseTwin } from './sparse-twin.ts';

/** Shards that are fetched from at once. */
const SHARDS_AT_ONCE = 4;

/** A shard with its twin. */
export type RemoteShard = {
  readonly index: number;
  readonly name: string;
  readonly twin: SparseTwin;
};

/** What fetching has cost. */
type FetchCost = {
  readonly bytesRead: number;
  readonly requests: number;
};

/**
 * The twins of a manifest's shards. Before a statement runs, the columns that it will read are fetched; where the room on disk
 * gets short, columns of earlier statements go.
 */
export class RemoteManifest {
  readonly shards: readonly RemoteShard[];
  readonly #most_bytes: number;
  /** What files have cost that were fetched whole. */
  readonly #copied: FetchCost;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(shards: readonly RemoteShard[], most_bytes: number, copied: FetchCost) {
    this.#copied = copied;
    this.shards = shards;
    this.#most_bytes = most_bytes;
  }

  /** Fetches what a statement reads. Throws DailiesError `dataset` if a store does not give it, or there is no room for it. */
  async fetchFor(connection: DuckDBConnection, sql: string, bound: Bound): Promise<void> {
    if (this.#open().every(({ twin }) => twin.isComplete)) return;
    const reads = await explainReads(connection, sql, bound);
    if (reads === null) await this.#fetch(() => null);
    else if (reads.columns.length > 0 || reads.filters.length > 0)
      await this.#fetch(({ twin }) => leavesRead(reads, twin.leaves));
  }

  /** Fetches these columns of all shards; null: all. */
  async fetchColumns(names: readonly string[] | null): Promise<void> {
    const wanted = names === null ? null : new Set(names);
    await this.#fetch(() => wanted);
  }

  #open(): readonly RemoteShard[] {
    return this.shards.filter(({ twin }) => twin.fault === null);
  }

  /** One after the other: two statements must not give up each other's columns. */
  #fetch(columnsOf: (shard: RemoteShard) => ReadonlySet<string> | null): Promise<void> {
    const next = this.#queue.then(() => this.#fetchNow(columnsOf));
    this.#queue = next.catch(() => undefined);
    return next;
  }

  async #fetchNow(columnsOf: (shard: RemoteShard) => ReadonlySet<string> | null): Promise<void> {
    const plan = this.#open().map((shard) => ({ shard, columns: columnsOf(shard) }));
    await this.#makeRoom(plan);
    await pMap(
      plan,
      async ({ shard, columns }) => {
        try {
          await shard.twin.fetch(columns);
        } catch (cause) {
          throw new DailiesError(
            'dataset',
            `${shard.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
            { cause },
          );
        }
      },
      { concurrency: SHARDS_AT_ONCE },
    );
  }

  async #makeRoom(
    plan: readonly { readonly shard: RemoteShard; readonly columns: ReadonlySet<string> | null }[],
  ): Promise<void> {
    const held = this.shards.reduce((sum, { twin }) => sum + twin.heldBytes, 0);
    const missing = plan.reduce(
      (sum, { shard, columns }) => sum + shard.twin.missingBytes(columns),
      0,
    );
    if (missing === 0 || held + missing <= this.#most_bytes) return;
    const needed = plan.reduce((sum, { shard, columns }) => sum + shard.twin.bytesOf(columns), 0);
    if (needed > this.#most_bytes)
      throw new DailiesError(
        'dataset',
        `a query reads ${inMegabytes(needed)} of the remote manifest at once, and ${inMegabytes(this.#most_bytes)} may be kept on disk`,
        { hint: 'raise stores: cache in dailies.yaml, or select fewer rules' },
      );
    for (const { shard, columns } of plan) if (columns !== null) await shard.twin.keepOnly(columns);
  }

  cost(): FetchCost {
    const spent = this.shards.map(({ twin }) => twin.spent());
    return {
      bytesRead: spent.reduce((sum, each) => sum + each.bytesRead, this.#copied.bytesRead),
      requests: spent.reduce((sum, each) => sum + each.requests, this.#copied.requests),
    };
  }
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Remote manifests of each room. */
const ROOMS = new WeakMap<DuckDBConnection, RemoteManifest[]>();

/** From here on every statement of this room has its columns fetched before it runs. */
export function fetchOnDemand(connection: DuckDBConnection, manifest: RemoteManifest): void {
  ROOMS.set(connection, [...(ROOMS.get(connection) ?? []), manifest]);
}

/** Fetches what a statement reads of remote manifests, if the room has any. To be called before each statement. */
export async function fetchFor(
  connection: DuckDBConnection,
  sql: string,
  bound: Bound = { values: {}, types: {} },
): Promise<void> {
  for (const manifest of ROOMS.get(connection) ?? [])
    await manifest.fetchFor(connection, sql, bound);
}

/** What ends the fetching that is under way for each room. */
const STOPS = new WeakMap<DuckDBConnection, AbortController[]>();

/** A signal for what is fetched for a room: it is aborted by {@link stopFetching}. */
export function signalOf(connection: DuckDBConnection): AbortSignal {
  const stop = new AbortController();
  STOPS.set(connection, [...(STOPS.get(connection) ?? []), stop]);
  return stop.signal;
}

/** Ends all fetching for a room; nothing is fetched for it any more. */
export function stopFetching(connection: DuckDBConnection): void {
  for (const stop of STOPS.get(connection) ?? []) stop.abort();
}
