import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readMediaFacts } from '../src/compare/media-facts.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { Database } from '../src/engine/database.ts';
import { readTorchPickle } from '../src/media/arrays/torch-pickle.ts';
import { probeLatents } from '../src/probes/latents.ts';
import { scan } from '../src/scan.ts';
import { makeFolder, runAlone } from './dataset-room.ts';
import {
  bfloat16,
  float16,
  float32,
  normals,
  npy,
  safetensors,
  torchFile,
  torchPickle,
  zip,
} from './media-kit/make-arrays.ts';

/** What the probe says of bytes, and how many of them it read. */
async function look(bytes: Uint8Array): Promise<Awaited<ReturnType<typeof probeLatents>>> {
  let bytesRead = 0;
  return probeLatents({
    sizeBytes: bytes.length,
    spent: () => ({ bytesRead, requests: 0 }),
    read: (start, length) => {
      const part = bytes.subarray(
        Math.min(start, bytes.length),
        Math.min(start + length, bytes.length),
      );
      bytesRead += part.length;
      return Promise.resolve(part);
    },
    close: () => Promise.resolve(),
  });
}

const shape = [4, 60, 106];
const values = normals(4 * 60 * 106, 7);
const half = float16(values);
const wide = { std: expect.closeTo(1, 1), mean: expect.closeTo(0, 1) };

describe('files of arrays', () => {
  it.each([
    ['npy', npy('<f2', shape, half), 'float16'],
    ['npy', npy('<f4', shape, float32(values)), 'float32'],
    [
      'npz',
      zip([
        { name: 'latent.npy', data: npy('<f2', shape, half) },
        { name: 'other.npy', data: npy('<i8', [1], Buffer.alloc(8)) },
      ]),
      'float16',
    ],
    [
      'npz',
      zip([{ name: 'arr_0.npy', data: npy('<f2', shape, half), isDeflated: true }]),
      'float16',
    ],
    [
      'safetensors',
      safetensors(
        {
          __metadata__: { format: 'pt' },
          latents: { dtype: 'BF16', shape, data_offsets: [0, half.length] },
        },
        bfloat16(values),
      ),
      'bfloat16',
    ],
    ['pt', torchFile(torchPickle('latents', 'HalfStorage', shape), half), 'float16'],
    [
      'pt',
      torchFile(
        torchPickle('latents', 'BFloat16Storage', shape, 4),
        Buffer.concat([Buffer.alloc(8), bfloat16(values)]),
      ),
      'bfloat16',
    ],
  ])('%s of %#: shape, type and a block of numbers', async (format, bytes, dtype) => {
    expect(await look(bytes)).toMatchObject({
      format,
      dtype,
      shape,
      missing_bytes: 0,
      nan_count: 0,
      inf_count: 0,
      error_code: null,
      ...wide,
    });
  });

  it('of .pt that are views are whole where their storage is: expanded, sliced, transposed', async () => {
    const storage = float16([1, 2, 3, 4, 5, 6, Number.NaN, 8]);
    const view = async (
      sides: readonly number[],
      stride: readonly number[],
      offset = 0,
    ): Promise<Awaited<ReturnType<typeof look>>> =>
      look(torchFile(torchPickle('latents', 'HalfStorage', sides, offset, stride), storage));
    // torch.tensor([…])[:6].expand(1000, 6), saved as it is: six numbers.
    expect(await view([1000, 6], [0, 1])).toMatchObject({
      shape: [1000, 6],
      missing_bytes: 0,
      sampled_count: 6,
      mean: 3.5,
    });
    // x.view(2, 4)[:, :2], whose numbers have others between them.
    const sliced = await view([2, 2], [4, 1]);
    expect(sliced).toMatchObject({ missing_bytes: 0, sampled_count: 4, nan_count: 0, mean: 3.5 });
    expect(sliced.block_hash).not.toBe((await view([2, 2], [2, 1])).block_hash);
    expect(await view([4, 2], [1, 4])).toMatchObject({ is_column_major: true, sampled_count: 8 });
    expect(await view([1000, 1], [0, 1])).toMatchObject({ is_column_major: false });
    expect(await view([3, 2], [4, 1])).toMatchObject({ missing_bytes: 4 });
    expect(await view([2], [1], 8)).toMatchObject({ missing_bytes: 4, sampled_count: 0 });
    for (const stride of [[], [1], [2 ** 31, 1, 1]])
      expect(await view([2, 2], stride)).toMatchObject({ error_code: 'corrupt-header' });
  });

  it('cost their header and 64 KB, however large they are', async () => {
    const large = float32(normals(1_000_000, 3));
    for (const bytes of [
      npy('<f4', [1_000_000], large),
      zip([{ name: 'a.npy', data: npy('<f4', [1_000_000], large) }]),
      safetensors(
        { a: { dtype: 'F32', shape: [1_000_000], data_offsets: [0, large.length] } },
        large,
      ),
      torchFile(torchPickle('a', 'FloatStorage', [1_000_000]), large),
    ]) {
      const row = await look(bytes);
      expect(row.sampled_count).toBe(16384);
      expect(row.bytes_read).toBeLessThan(3 * 64 * 1024);
    }
  });

  it('say what is wrong with their numbers', async () => {
    const broken = [...values];
    broken[1] = Number.NaN;
    broken[2] = Infinity;
    expect(await look(npy('<f2', shape, float16(broken)))).toMatchObject({
      nan_count: 1,
      inf_count: 1,
      ...wide,
    });
    expect(await look(npy('<f2', shape, Buffer.alloc(half.length)))).toMatchObject({
      min: 0,
      max: 0,
      zero_count: half.length / 2,
    });
    expect(await look(npy('<f2', shape, half.subarray(0, 1000)))).toMatchObject({
      missing_bytes: half.length - 1000,
    });
    expect(await look(npy('>f2', shape, half, { fortran: true }))).toMatchObject({
      dtype: '>float16',
      is_column_major: true,
    });
    // Bytes of one type taken for another, by their binary exponents.
    expect(await look(npy('<f2', shape, bfloat16(values)))).toMatchObject({
      exponent_low: 0,
      exponent_high: 1,
    });
    const taken = await look(
      safetensors({ a: { dtype: 'BF16', shape, data_offsets: [0, half.length] } }, half),
    );
    expect(Number(taken.exponent_high) - Number(taken.exponent_low)).toBeGreaterThan(40);
    const plain = await look(npy('<f2', shape, half));
    expect(Number(plain.exponent_high) - Number(plain.exponent_low)).toBeLessThan(12);
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'empty-file'],
    ['text', Buffer.from('<html>not found</html>'), 'unknown-format'],
    ['pickled objects', npy('|O', [3], Buffer.from('\x80\x04cos\nsystem\n')), 'pickled-objects'],
    [
      'a bare pickle',
      Buffer.from('\x80\x02cos\nsystem\n(X\x04\0\0\0trueltR.', 'latin1'),
      'unsupported-codec',
    ],
    ['an axis that is negative', npy('<f2', [-4, 2], half), 'corrupt-header'],
    ['a shape without end', npy('<f2', [1e9, 1e9, 1e9], half), 'corrupt-header'],
    ['a cut header', npy('<f2', shape, half).subarray(0, 40), 'truncated-header'],
    [
      'a header of 2^60 bytes',
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 16, 0x7b, 0x7d]),
      'unknown-format',
    ],
    [
      'tensors that overlap',
      safetensors(
        {
          a: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
          b: { dtype: 'F16', shape: [2], data_offsets: [2, 6] },
        },
        Buffer.alloc(8),
      ),
      'corrupt-header',
    ],
    [
      'offsets before the data',
      safetensors({ a: { dtype: 'F16', shape: [2], data_offsets: [-4, 0] } }, Buffer.alloc(8)),
      'corrupt-header',
    ],
    ['a zip of something else', zip([{ name: 'a.txt', data: Buffer.from('x') }]), 'unknown-format'],
    [
      'a cut zip',
      zip([{ name: 'a.npy', data: npy('<f2', shape, half) }]).subarray(0, 9000),
      'corrupt-header',
    ],
    [
      'a pickle that takes from nothing',
      torchFile(Buffer.from('\x80\x02tR.', 'latin1'), half),
      'corrupt-header',
    ],
  ])('%s is refused in words, and nothing is executed', async (_, bytes, code) => {
    expect(await look(bytes)).toMatchObject({ error_code: code, shape: null });
  });

  it('take tensors outside of the file for cut off', async () => {
    const far = safetensors(
      { a: { dtype: 'F16', shape: [4000], data_offsets: [0, 8000] } },
      half.subarray(0, 1000),
    );
    expect(await look(far)).toMatchObject({ missing_bytes: 7000, shape: [4000] });
  });

  it('unpack no bomb: a member of 200 MB of zeros in 200 KB costs its beginning', async () => {
    const bomb = zip([
      {
        name: 'arr_0.npy',
        data: npy('<f2', [100_000_000], Buffer.alloc(200_000_000)),
        isDeflated: true,
      },
    ]);
    expect(bomb.length).toBeLessThan(300_000);
    const row = await look(bomb);
    expect(row).toMatchObject({ shape: [100_000_000], sampled_count: 32768, min: 0, max: 0 });
    expect(row.bytes_read).toBeLessThan(200_000);
  });

  it('pass over calls of a pickle to anything but the making of tensors', () => {
    const evil = Buffer.from(
      '\x80\x02}q\0X\x01\0\0\0acos\nsystem\nX\x09\0\0\0touch pwn\x85Rs.',
      'latin1',
    );
    expect(readTorchPickle(evil)).toEqual([]);
    const cyclic = Buffer.from('\x80\x02]q\0h\0a.', 'latin1');
    expect(readTorchPickle(cyclic)).toEqual([]);
  });

  it('of any bytes end in a row', async () => {
    const seeds = [
      npy('<f2', [64], half.subarray(0, 128)),
      torchFile(torchPickle('a', 'HalfStorage', [64]), half.subarray(0, 128)),
      safetensors(
        { a: { dtype: 'F16', shape: [64], data_offsets: [0, 128] } },
        half.subarray(0, 128),
      ),
    ];
    for (const bytes of seeds) {
      for (let at = 0; at < bytes.length; at += 3) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 0x55;
        expect((await look(changed)).error_code).not.toBe('internal');
        expect((await look(bytes.subarray(0, at))).error_code).not.toBe('internal');
      }
    }
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readTorchPickle(bytes);
        } catch (error) {
          return error instanceof Error && error.name === 'ArrayFault';
        }
        return true;
      }),
    );
  });
});

const encode = (i: number, std = 1): Buffer => float16(normals(4 * 45 * 80, i + 1, std));

/** Rules that failed, with the keys that they found. */
async function judge(folder: string): Promise<Record<string, readonly string[]>> {
  const { report } = await scan({
    config: { ...DEFAULT_CONFIG, dataset: [folder], tier: 'header' },
    cwd: makeFolder(),
    runFolder: join(makeFolder(), 'run'),
    command: [],
  });
  const found: Record<string, string[]> = {};
  for (const { rule_id, key } of report.findings)
    if (key !== null) found[rule_id] = [...new Set([...(found[rule_id] ?? []), key])].toSorted();
  return found;
}

describe('latents of a dataset', () => {
  const files: Record<string, Buffer> = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`k${i}`, npy('<f2', [4, 45, 80], encode(i))]),
  );
  const faults: Record<string, Buffer> = {
    raw: npy('<f2', [4, 45, 80], encode(20, 5.5)),
    nan: npy('<f2', [4, 45, 80], float16([Number.NaN, ...normals(4 * 45 * 80 - 1, 21)])),
    zeros: npy('<f2', [4, 45, 80], Buffer.alloc(4 * 45 * 80 * 2)),
    swapped: npy('<f2', [4, 80, 45], encode(22)),
    typed: npy('<f4', [4, 45, 80], float32(normals(4 * 45 * 80, 23))),
    brain: npy('<f2', [4, 45, 80], bfloat16(normals(4 * 45 * 80, 24))),
    objects: npy('|O', [3], Buffer.from('pickle')),
    cut: npy('<f2', [4, 45, 80], encode(25).subarray(0, 9999)),
    copied: npy('<f2', [4, 45, 80], encode(3)),
  };

  const FOUND = {
    'wrong-latent-scale': ['raw'],
    'non-finite-latent': ['nan'],
    'constant-latent': ['zeros'],
    'latent-shape-mismatch': ['swapped'],
    'latent-dtype-mismatch': ['brain', 'typed'],
    'decode-errors': ['objects'],
    'truncated-file': ['cut'],
    'duplicate-embedding': ['copied', 'k3'],
  };

  it('are found by the rules on features, each fault by its own, and clean ones by none', async () => {
    const folder = makeFolder();
    await mkdir(join(folder, 'latents'));
    const all = { ...files, ...faults };
    for (const [key, bytes] of Object.entries(all))
      await writeFile(join(folder, 'latents', `${key}.npy`), bytes);
    const rows = Object.keys(all).map(
      (key) => `${key},A dog called ${key} runs.,640,360,latents/${key}.npy`,
    );
    await writeFile(
      join(folder, 'clips.csv'),
      [
        'key,caption,width,height,latent_path',
        ...rows,
        'gone,A cat.,640,360,latents/gone.npy',
        '',
      ].join('\n'),
    );
    expect(await judge(folder)).toMatchObject({ ...FOUND, 'missing-file': ['gone'] });

    const clean = Object.keys(files).map(
      (key) => `${key},A dog called ${key} runs.,640,360,${folder}/latents/${key}.npy`,
    );
    await writeFile(
      join(folder, 'clean.csv'),
      ['key,caption,width,height,latent_path', ...clean, ''].join('\n'),
    );
    const found = await judge(join(folder, 'clean.csv'));
    expect(Object.keys(found).filter((id) => id in FOUND || id === 'missing-file')).toEqual([]);
  });

  it('are found inside of columns too', async () => {
    const folder = makeFolder();
    const rows = Object.entries({ ...files, ...faults }).map(
      ([key, bytes]) =>
        `('${key}', 'A dog called ${key}.', 640, 360, from_hex('${bytes.toString('hex')}'))`,
    );
    await runAlone(
      `copy (select * from (values ${rows.join(', ')}) t(key, caption, width, height, npy)) to '${folder}/a.parquet'`,
    );
    expect(await judge(folder)).toMatchObject(FOUND);
    expect(await readFile(join(folder, 'a.parquet'))).not.toHaveLength(0);
  });

  it('are not taken for the media of a version', async () => {
    const database = await Database.open({
      memoryLimit: '200MB',
    });
    await database.run(
      `create table files as select * from (values ('a', 'latent_path', 'npy', 999, null, null), ('a', 'path', 'mp4', 5, null, null))
       t(key, medium, extension, size_bytes, content_hash, error_code)`,
    );
    const facts = await readMediaFacts(database, (table) => (table === 'files' ? table : null));
    expect(facts.get('a')?.size_bytes).toBe(5);
    database.close();
  });
});
