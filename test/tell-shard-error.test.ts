import { describe, expect, it } from 'vitest';

import { tellShardError } from '../src/dataset/tell-shard-error.ts';

describe('why a shard cannot be read', () => {
  it.each([
    [
      "Invalid Input Error: File '/d/a.parquet' too small to be a Parquet file",
      0,
      /^the file has 0 bytes: .*copy it again$/,
    ],
    [
      "Invalid Input Error: No magic bytes found at end of file '/d/a.parquet'",
      90,
      /^it does not end as Parquet does .*copy it again$/,
    ],
    [
      'Invalid Input Error: Failed to read file "/d/a.parquet": Snappy decompression failure',
      90,
      /^Snappy decompression failure; write or copy it again$/,
    ],
    ['the link points at no file', 0, /^the link points at no file$/],
    ['Not implemented Error: LZO is not supported', 90, /^LZO is not supported$/],
  ])('%s', (reason, bytes, told) => {
    expect(tellShardError(reason, bytes)).toMatch(told);
  });
});
