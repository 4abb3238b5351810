import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { HeldMembers } from '../../src/dataset/tar/held-members.ts';
import { connect, makeFolder } from '../dataset-room.ts';
import { tarOf } from './make-tar.ts';

const BODY_BYTES = 300_000;

/** Content that differs from member to member and from place to place. */
const bodyOf = (i: number): Buffer =>
  Buffer.from(Array.from({ length: BODY_BYTES }, (_, at) => (at * 31 + i * 97) & 255));

const tar = tarOf(...[0, 1, 2, 3].map((i) => ({ name: `${i}.bin`, body: bodyOf(i) })));

async function holderOf(bytes: Uint8Array | null, most_bytes?: number): Promise<HeldMembers> {
  const folder = makeFolder(bytes === null ? {} : { 'a.tar.gz': bytes });
  const file = {
    index: 0,
    name: 'a.tar.gz',
    path: join(folder, 'a.tar.gz'),
    bytes: bytes?.length ?? 0,
    format: 'tar' as const,
    compression: 'gzip' as const,
    partitions: {},
    error: null,
  };
  return new HeldMembers(await connect(), new Map([['a.tar.gz', file]]), most_bytes);
}

async function contentOf(held: HeldMembers, text: string): Promise<Buffer | string> {
  const found = held.find(text);
  if (found?.kind === 'file') return readFile(found.path);
  return found?.kind === 'fault' ? found.code : 'not asked for';
}

const texts = [0, 1, 2, 3].map((i) => `a.tar.gz/${i}.bin`);

describe('members of compressed tars', () => {
  it('keep their bytes when several are asked for at once', async () => {
    const held = await holderOf(gzipSync(tar));
    await Promise.all([...texts, ...texts].map(async (text) => held.hold([text])));
    for (const [i, text] of texts.entries())
      expect(bodyOf(i).equals(Buffer.from(await contentOf(held, text)))).toBe(true);
  });

  it('are asked for again after a look that was interrupted', async () => {
    const held = await holderOf(gzipSync(tar));
    await expect(held.hold(texts, AbortSignal.abort())).rejects.toThrow(/abort/i);
    await held.hold(texts);
    expect(held.find(texts[3] ?? '')?.kind).toBe('file');
  });

  it('are missing only where a whole tar has none of that name', async () => {
    const held = await holderOf(gzipSync(tar));
    await held.hold([...texts, 'a.tar.gz/9.bin']);
    expect(await contentOf(held, 'a.tar.gz/9.bin')).toBe('missing-file');
    expect(held.find(texts[0] ?? '')?.kind).toBe('file');
  });

  it.each([
    ['its stream is damaged', () => gzipSync(tar).fill(0, 2_000, 2_400), 'corrupt-header'],
    ['its stream ends early', () => gzipSync(tar).subarray(0, -2_000), 'corrupt-header'],
    [
      'it was cut before it was compressed',
      () => gzipSync(tar.subarray(0, 1_000_000)),
      'corrupt-header',
    ],
    ['it is gone', () => null, 'missing-file'],
  ])('of a tar of which %s are told so, and never given in part', async (_, make, code) => {
    const held = await holderOf(make());
    await held.hold(texts);
    expect(await contentOf(held, texts[3] ?? '')).toBe(code);
    for (const text of texts) {
      const found = await contentOf(held, text);
      expect(typeof found === 'string' ? BODY_BYTES : found.length).toBe(BODY_BYTES);
    }
  });

  it('that could not be kept, or are kept already, do not use up the room for others', async () => {
    const twice = tarOf(
      { name: '0.bin', body: bodyOf(0) },
      { name: 'again.bin', body: bodyOf(0) },
      { name: '1.bin', body: bodyOf(1) },
      { name: '2.bin', body: bodyOf(2) },
    );
    const held = await holderOf(gzipSync(twice), BODY_BYTES * 2);
    await held.hold(['a.tar.gz/again.bin', ...texts]);
    expect(held.find('a.tar.gz/again.bin')?.kind).toBe('file');
    expect(held.find('a.tar.gz/1.bin')?.kind).toBe('file');
    expect(await contentOf(held, 'a.tar.gz/2.bin')).toBe('unreachable');
  });
});
