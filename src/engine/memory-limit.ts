import { totalmem } from 'node:os';

/**
 * DuckDB's limit where none is configured: 450 MB a thread and no less than for two, at most half of the machine. On 2 M
 * captions of 100 words a limit of 600 MB, 1 GB or 2 GB takes the same time; the process needs some 500 MB beside it.
 */
export function defaultMemoryLimit(threads: number): string {
  return `${Math.floor(Math.min(Math.max(threads, 2) * 450e6, totalmem() / 2) / 1e6)}MB`;
}
