import { totalmem } from 'node:os';

/**
 * What Node and buffers that DuckDB does not count take beside its limit, bytes, and what is lost between blocks, a share: 190 to 290
 * MB were measured beside 300 MB.
 */
const BESIDE_BYTES = 250e6;
const LOST_SHARE = 0.1;

/** With less than this DuckDB fails on captions of 100 words, bytes: two threads hold a row group each, packed and unpacked. */
const LEAST_BYTES = 600e6;

const UNITS: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Where nothing is configured: on 2 M and 10 M captions of 100 words 325 and 450 MB a thread take the same time. */
const USUAL_THREAD_BYTES = 325e6;

/** Beside the row groups that threads hold: two of 682 MB ended with 1,100 MB, and passed with 1,190. */
const BESIDE_GROUPS_BYTES = 300e6;

/** What a footer says is not believed beyond this. */
const MOST_BYTES = 6e9;

/**
 * DuckDB's limit: what is configured is for the whole process, so that Node's part is taken off where enough is left. Where nothing
 * is, 325 MB a thread and no less than for two, or a row group for each thread, whichever is more; at most half of the machine.
 *
 * @param configured number and unit, such as 2GB.
 * @param group_bytes - The largest row group, uncompressed: writers put up to a million rows into one.
 */
export function engineMemoryLimit(
  configured: string | null,
  threads: number,
  group_bytes = 0,
): string {
  if (configured === null) {
    const usual = Math.max(threads, 2) * USUAL_THREAD_BYTES;
    const groups = Math.min(threads * group_bytes + BESIDE_GROUPS_BYTES, MOST_BYTES);
    return inMegabytes(Math.min(Math.max(usual, groups), totalmem() / 2));
  }
  const [, count = '', unit = ''] = /^(\d+) ?(\w+)$/.exec(configured) ?? [];
  const bytes = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes > LEAST_BYTES)) return configured;
  return inMegabytes(Math.max(LEAST_BYTES, bytes * (1 - LOST_SHARE) - BESIDE_BYTES));
}

function inMegabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6)}MB`;
}
