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

  it('is 450 MB a thread where none is named, no more than half of the machine', () => {
    expect(Number.parseInt(engineMemoryLimit(null, 1), 10)).toBeLessThanOrEqual(900);
    expect(engineMemoryLimit(null, 1)).toBe(engineMemoryLimit(null, 2));
  });
});
