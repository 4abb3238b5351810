import { describe, expect, it } from 'vitest';

import { probeImage } from '../src/probes/images.ts';

/** One transparent pixel whose palette colour is the first of two. */
function transparentGif(first: string, second: string): Buffer {
  return Buffer.from(
    `47494638396101000100800000${first}${second}21f90401000000002c00000000010001000002024401003b`,
    'hex',
  );
}

async function hiddenBlackShare(bytes: Buffer): Promise<number | null> {
  const row = await probeImage({
    sizeBytes: bytes.length,
    spent: () => ({ bytesRead: 0, requests: 0 }),
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
    close: () => Promise.resolve(),
  });
  return row.hidden_black_share;
}

describe('what lies under the transparency of a GIF', () => {
  it('is the colour that its palette has there', async () => {
    expect(await hiddenBlackShare(transparentGif('ffffff', '000000'))).toBe(0);
    expect(await hiddenBlackShare(transparentGif('000000', 'ffffff'))).toBe(1);
  });
});
