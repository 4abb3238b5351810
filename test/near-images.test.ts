import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findNearDuplicates } from '../src/analyses/near-duplicates.ts';
import { Database, numberOf } from '../src/engine/database.ts';
import { createEvidenceTables, insertEvidence } from '../src/engine/evidence-store.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { probeImage } from '../src/probes/images.ts';

let folder = '';
let database: Database;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-near-images-'));
  database = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: folder,
  });
  await createEvidenceTables(database);
});

afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** Drawings with shades enough to be compared, and a sky behind them. */
function drawing(shapes: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">
    <defs>
      <radialGradient id="sky"><stop offset="0" stop-color="#fff4d0"/><stop offset="1" stop-color="#28507a"/></radialGradient>
      <linearGradient id="shade" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#888"/></linearGradient>
    </defs>
    <rect width="256" height="256" fill="url(#sky)"/>${shapes}</svg>`);
}

const clock = `<circle cx="128" cy="128" r="110" fill="url(#shade)" stroke="#333" stroke-width="8"/>
   <path d="M128 40 V128 L180 160" stroke="#222" stroke-width="10" fill="none"/>`;

const badge = (fill: string): string => `<circle cx="90" cy="150" r="16" fill="${fill}"/>`;

const flag = (field: string): string =>
  `<rect x="10" y="40" width="236" height="176" fill="url(#shade)"/><rect x="40" y="60" width="80" height="136" fill="${field}"/>`;

async function pairsOf(pictures: readonly Buffer[]): Promise<readonly string[]> {
  for (const [clip, bytes] of pictures.entries()) {
    const row = await probeImage({
      sizeBytes: bytes.length,
      spent: () => ({ bytesRead: 0, requests: 0 }),
      read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
      close: () => Promise.resolve(),
    });
    await insertEvidence(database, 'images', BigInt(clip), 'path', row);
  }
  await findNearDuplicates(database, localEngine(1), { signal: new AbortController().signal });
  const rows = await database.rows(
    'select clip_id, other_clip_id from near_duplicates where clip_id < other_clip_id order by all',
  );
  return rows.map((row) => `${numberOf(row['clip_id'])} ${numberOf(row['other_clip_id'])}`);
}

const png = (svg: Buffer): Promise<Buffer> => sharp(svg).png().toBuffer();

describe('near duplicates of images', () => {
  it('are a picture in other codecs, sizes, brightness and orientation', async () => {
    const picture = await png(drawing(clock));

    const pairs = await pairsOf([
      picture,
      await sharp(picture).jpeg({ quality: 60 }).toBuffer(),
      await sharp(picture).resize(128).webp({ quality: 50 }).toBuffer(),
      await sharp(picture).linear(0.9, 4).png().toBuffer(),
      await sharp(picture).rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer(),
    ]);

    expect(pairs).toHaveLength(10);
  });

  it('are not two drawings with another badge', async () => {
    const pairs = await pairsOf([
      await png(drawing(clock + badge('#e02020'))),
      await png(drawing(clock + badge('#007030'))),
    ]);

    expect(pairs).toEqual([]);
  });

  it('are not two flags of equal brightness and other colours', async () => {
    const pairs = await pairsOf([
      await png(drawing(flag('#c02020'))),
      await png(drawing(flag('#006a20'))),
    ]);

    expect(pairs).toEqual([]);
  });
});
