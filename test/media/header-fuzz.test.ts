import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { EVIDENCE_TABLES, type EvidenceTable } from '../../src/probes/evidence-tables.ts';
import { probeHeader } from '../../src/probes/header.ts';
import { memoryRanges } from './memory-ranges.ts';

const CLIPS = join(import.meta.dirname, 'clips');
const clips = readdirSync(CLIPS)
  .filter((name) => !name.endsWith('.md'))
  .map((name) => readFileSync(join(CLIPS, name)));

/** Types of boxes whose counts, sizes and offsets a hostile file would lie about. */
const BOXES = [
  'moov',
  'mdat',
  'stsz',
  'stts',
  'ctts',
  'stss',
  'stsc',
  'stco',
  'elst',
  'trun',
  'tfhd',
];

type Harm =
  | { readonly kind: 'cut'; readonly share: number }
  | { readonly kind: 'flips'; readonly seed: number; readonly count: number }
  | { readonly kind: 'lie'; readonly box: string; readonly offset: number; readonly value: number };

const harm: fc.Arbitrary<Harm> = fc.oneof(
  fc.record({
    kind: fc.constant('cut' as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('flips' as const),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
    count: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    kind: fc.constant('lie' as const),
    box: fc.constantFrom(...BOXES),
    offset: fc.integer({ min: -8, max: 24 }),
    value: fc.constantFrom(0, 1, 0x10_00_00_00, 0x7f_ff_ff_ff, 0xff_ff_ff_ff),
  }),
);

function damage(clip: Buffer, harms: readonly Harm[]): Buffer {
  let bytes = Buffer.from(clip);
  for (const one of harms) {
    if (one.kind === 'cut') bytes = bytes.subarray(0, Math.floor(bytes.length * one.share));
    else if (one.kind === 'flips') flip(bytes, one.seed, one.count);
    else {
      const at = bytes.indexOf(one.box, 0, 'latin1') + 4 + one.offset;
      if (at >= 4 && at + 4 <= bytes.length) bytes.writeUInt32BE(one.value, at);
    }
  }
  return bytes;
}

/** Flips bits, half of them in the index. */
function flip(bytes: Buffer, seed: number, count: number): void {
  const index = Math.max(0, bytes.indexOf('moov', 0, 'latin1'));
  let state = seed;
  for (let i = 0; i < count && bytes.length > 0; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const at = i % 2 === 0 ? index + (state % 4096) : state % bytes.length;
    if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << ((state >>> 28) & 7));
  }
}

/** Columns whose value their type cannot hold. */
function misfits(table: EvidenceTable, row: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(EVIDENCE_TABLES[table])
    .filter(([column, { type }]) => !fits(type, row[column]))
    .map(([column]) => `${table}.${column} = ${String(row[column])}`);
}

function fits(type: string, value: unknown): boolean {
  if (value === null) return true;
  if (type.endsWith('[]')) {
    return Array.isArray(value) && value.every((one) => fits(type.slice(0, -2), one));
  }
  if (type === 'INTEGER') return Number.isInteger(value) && Math.abs(Number(value)) <= 2 ** 31 - 1;
  if (type === 'BIGINT') return Number.isSafeInteger(value);
  if (type === 'DOUBLE') return Number.isFinite(value);
  return type === 'BOOLEAN' ? typeof value === 'boolean' : typeof value === 'string';
}

it('makes rows of fitting values of any damaged clip and never throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...clips),
      fc.array(harm, { minLength: 1, maxLength: 4 }),
      async (clip, harms) => {
        const bytes = damage(clip, harms);
        const rows = await probeHeader(memoryRanges(bytes), {
          wants: ['containers', 'packets'],
        });
        expect(misfits('containers', rows.containers)).toEqual([]);
        expect(misfits('packets', rows.packets ?? {})).toEqual([]);
        expect(rows.containers.bytes_read ?? 0).toBeLessThanOrEqual(2 * bytes.length + 65_536);
      },
    ),
    { numRuns: 1500, seed: 11 },
  );
});

it('makes error rows of random bytes behind a known beginning', async () => {
  const starts = [
    '\0\0\0\x18ftypisom',
    '\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67',
    '\0\0\0\x08moov',
    '',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...starts),
      fc.uint8Array({ maxLength: 4000 }),
      async (start, tail) => {
        const bytes = Buffer.concat([Buffer.from(start, 'latin1'), tail]);
        const { containers } = await probeHeader(memoryRanges(bytes), {
          wants: ['containers'],
        });
        expect(containers.error_code).not.toBeNull();
      },
    ),
    { numRuns: 300, seed: 12 },
  );
});

function box(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

it('does not walk through samples that a run without fields claims by the million', async () => {
  const clip = readFileSync(join(CLIPS, 'fragmented.mp4'));
  const run = Buffer.alloc(16);
  run.writeUInt32BE(16, 0);
  run.write('trun', 4, 'latin1');
  run.writeUInt32BE(2_000_000, 12);
  const header = Buffer.from('00000010746668640002000000000001', 'hex');
  const runs = Buffer.concat(Array.from({ length: 20_000 }, () => run));
  const bomb = Buffer.concat([clip, box('moof', box('traf', Buffer.concat([header, runs])))]);
  const { containers } = await probeHeader(memoryRanges(bomb), {
    wants: ['containers', 'packets'],
  });
  expect(containers).toMatchObject({ error_code: 'corrupt-header', frame_count: null });
});
