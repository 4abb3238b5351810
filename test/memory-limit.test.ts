import { totalmem } from 'node:os';

import { describe, expect, it } from 'vitest';

import { engineMemoryLimit } from '../src/engine/memory-limit.ts';

describe('the memory limit that a user names', () => {
  it.each([
    ['2GB', '1550MB'],
    ['1GiB', '716MB'],
    ['1000 MB', '650MB'],
    ['700MB', '600MB'],
    ['600MB', '600MB'],
    ['300MiB', '300MiB'],
  ])('of %s leaves DuckDB %s, and Node its part where enough is left', (configured, left) => {
    expect(engineMemoryLimit(configured, 2)).toBe(left);
  });

  it('is 325 MB a thread where none is named, no more than half of the machine', () => {
    expect(Number.parseInt(engineMemoryLimit(null, 1), 10)).toBeLessThanOrEqual(650);
    expect(engineMemoryLimit(null, 1)).toBe(engineMemoryLimit(null, 2));
  });

  it('has room for a row group of each thread where none is named', () => {
    const usual = Number.parseInt(engineMemoryLimit(null, 2), 10);
    const fitted = Number.parseInt(engineMemoryLimit(null, 2, 700e6), 10);
    expect(fitted).toBe(Math.floor(Math.min(1.7e9, totalmem() / 2) / 1e6));
    expect(Number.parseInt(engineMemoryLimit(null, 2, 20e6), 10)).toBe(usual);
    expect(engineMemoryLimit('1GB', 2, 700e6)).toBe('650MB');
  });
});
