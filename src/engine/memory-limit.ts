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

/**
 * DuckDB's limit: what is configured is for the whole process, so that Node's part is taken off where enough is left. Where nothing
 * is, 450 MB a thread and no less than for two, at most half of the machine. On 2 M captions of 100 words a limit of 600 MB, 1 GB or
 * 2 GB takes the same time.
 *
 * @param configured number and unit, such as 2GB.
 */
export function engineMemoryLimit(configured: string | null, threads: number): string {
  if (configured === null)
    return inMegabytes(Math.min(Math.max(threads, 2) * 450e6, totalmem() / 2));
  const [, count = '', unit = ''] = /^(\d+) ?(\w+)$/.exec(configured) ?? [];
  const bytes = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes > LEAST_BYTES)) return configured;
  return inMegabytes(Math.max(LEAST_BYTES, bytes * (1 - LOST_SHARE) - BESIDE_BYTES));
}

function inMegabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6)}MB`;
}
