import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { Pax } from 'tar';
import { describe, expect, it } from 'vitest';

import { openFileRanges } from '../../src/media/file-ranges.ts';
import { compressedContainer } from '../../src/dataset/tar/compressed-container.ts';
import { SampleGrouper, splitName } from '../../src/dataset/tar/group-samples.ts';
import { textOf } from '../../src/dataset/rows.ts';
import { bytesOfReader } from '../../src/dataset/tar/tar-bytes.ts';
import { type TarEnd, type TarMember, walkTar } from '../../src/dataset/tar/walk-tar.ts';
import { addFiles, makeFolder, open } from '../dataset-room.ts';
import { diffOf, failedRules } from '../diff-kit.ts';
import { END, entry, sign, tarOf } from './make-tar.ts';

async function walk(
  path: string,
): Promise<{ readonly members: readonly TarMember[]; readonly end: TarEnd }> {
  const { reader } = await openFileRanges(path);
  const members: TarMember[] = [];
  try {
    const steps = walkTar(bytesOfReader(reader));
    for (;;) {
      const step = await steps.next();
      if (step.done === true) return { members, end: step.value };
      members.push(step.value);
    }
  } finally {
    await reader.close();
  }
}

/** Writes one tar into a folder and opens it as a dataset. */
async function openTar(
  bytes: Uint8Array,
  name = '000.tar',
): Promise<Awaited<ReturnType<typeof open>>> {
  return open(makeFolder({ [name]: bytes }));
}

const FAULTS = 'select kind, members, first, detail from tar_faults order by kind';

describe('names of members', () => {
  it.each([
    ['a.mp4', 'a', 'mp4'],
    ['dir.v1/a.Seg.PNG', 'dir.v1/a', 'seg.png'],
    ['./a.txt', './a', 'txt'],
    ['clip.0001.mp4', 'clip', '0001.mp4'],
    ['dir/.hidden.txt', 'dir/', 'hidden.txt'],
  ])('%s is taken apart as the library does', (name, key, extension) => {
    expect(splitName(name)).toEqual({ key, extension });
  });

  it.each(['README', '.hidden', 'dir.v1/README', ''])('%j belongs to no sample', (name) => {
    expect(splitName(name)).toBeNull();
  });

  it('are grouped as the rule of the library says, for any sequence', () => {
    const name = fc.tuple(
      fc.constantFrom('a', 'b', 'd/a', 'd.x/a'),
      fc.constantFrom('mp4', 'txt', 'TXT', 'json', 'x.png'),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 30 }), (pairs) => {
        const grouper = new SampleGrouper<number>();
        const found = [
          ...pairs.map(([key, extension], i) =>
            grouper.add({ key, extension: extension.toLowerCase() }, i),
          ),
          grouper.end(),
        ].flatMap((sample) =>
          sample === null ? [] : [[sample.key, [...sample.members]] as const],
        );
        // The model: cut wherever the key changes, the first of equal extensions stays.
        const runs: [string, [string, number][]][] = [];
        for (const [i, [key, spelt]] of pairs.entries()) {
          const extension = spelt.toLowerCase();
          const last = runs.at(-1);
          if (last === undefined || last[0] !== key) runs.push([key, [[extension, i]]]);
          else if (last[1].every(([each]) => each !== extension)) last[1].push([extension, i]);
        }
        expect(found).toEqual(runs);
      }),
    );
  });
});

describe('the walk over headers', () => {
  it.each(['gnu', 'posix', 'ustar', 'v7'])(
    'lists what GNU tar lists, format %s',
    async (format) => {
      const long = `${'long-name-'.repeat(8)}x`;
      const deep = format === 'v7' ? 'd' : `d/${'deep-'.repeat(17)}`;
      const folder = makeFolder({
        [`in/${deep}/${format === 'v7' ? 'a' : long}.mp4`]: 'x'.repeat(70_000),
        'in/a.txt': 'a caption',
        'in/b.jpg': new Uint8Array(0),
        'in/c.json': '{}',
      });
      const path = join(folder, 'a.tar');
      execFileSync('tar', ['--format', format, '-cf', path, '-C', join(folder, 'in'), '.']);
      const listed = execFileSync('tar', ['--list', '--block-number', '-f', path], {
        encoding: 'utf8',
      });
      const files = listed
        .trim()
        .split('\n')
        .map((line) => /^block (\d+): (.*)$/.exec(line))
        .map((match) => match?.[2] ?? '')
        .filter((name) => !/\/$|Block of NULs/.test(name));
      const { members, end } = await walk(path);
      const own = members.filter((each) => each.kind === 'file');
      expect(end.outcome).toBe('whole');
      expect(own.map((each) => each.name)).toEqual(files);
      const bytes = readFileSync(path);
      const caption = own.find((each) => each.name === './a.txt');
      const start = caption?.start_bytes ?? 0;
      expect(bytes.toString('latin1', start, start + (caption?.length_bytes ?? 0))).toBe(
        'a caption',
      );
    },
  );

  it('reads names and sizes of pax, sizes of base 256, and tells links and sparse files apart', async () => {
    const folder = makeFolder({ 'in/a.mp4': 'x' });
    const pax = new Pax({ path: 'ü/long.mp4', size: 5 }).encode();
    const big = entry({
      name: 'b.mp4',
      body: '12345',
      patch: (block) => {
        block.fill(0, 124, 136);
        block[124] = 0x80;
        block[135] = 5;
      },
    });
    const bytes = Buffer.concat([pax, entry({ name: 'short', body: '12345' }), big, END]);
    addFiles(folder, { 'a.tar': bytes });
    const { members, end } = await walk(join(folder, 'a.tar'));
    expect(end.outcome).toBe('whole');
    expect(members.map((each) => [each.name, each.length_bytes])).toEqual([
      ['ü/long.mp4', 5],
      ['b.mp4', 5],
    ]);
    symlinkSync('a.mp4', join(folder, 'in/b.mp4'));
    linkSync(join(folder, 'in/a.mp4'), join(folder, 'in/c.mp4'));
    writeFileSync(join(folder, 'in/d.mp4'), '');
    truncateSync(join(folder, 'in/d.mp4'), 1 << 20);
    for (const format of ['gnu', 'posix']) {
      const path = join(folder, `${format}.tar`);
      const names = ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4'];
      execFileSync('tar', [
        '-S',
        '--format',
        format,
        '-cf',
        path,
        '-C',
        join(folder, 'in'),
        ...names,
      ]);
      const sparse = await walk(path);
      expect(sparse.end.outcome).toBe('whole');
      expect(sparse.members.map((each) => [each.name, each.kind])).toEqual([
        ['a.mp4', 'file'],
        ['b.mp4', 'link'],
        ['c.mp4', 'link'],
        ['d.mp4', 'sparse'],
      ]);
    }
  });

  it('keeps what lies before damage, and says how it ended', async () => {
    const first = entry({ name: 'a.txt', body: 'a' });
    const second = entry({ name: 'b.txt', body: 'b'.repeat(600) });
    const negative = entry({
      name: 'b.txt',
      patch: (block) => {
        block.fill(0xff, 124, 136);
      },
    });
    const endless = entry({
      name: '././@LongLink',
      patch: (block) => {
        block.write('77777777777\0', 124);
        block.write('L', 156);
      },
    });
    const cases: readonly (readonly [string, Buffer, TarEnd['outcome'], number])[] = [
      ['cut in a body', Buffer.concat([first, second.subarray(0, 700)]), 'truncated', 1],
      ['cut in a header', Buffer.concat([first, second.subarray(0, 100)]), 'truncated', 1],
      ['cut between members', Buffer.concat([first, second]), 'no-end-mark', 2],
      ['a negative size', Buffer.concat([first, negative, END]), 'bad-header', 1],
      ['noise', Buffer.concat([first, Buffer.alloc(512, 7), END]), 'bad-header', 1],
      ['an endless name', Buffer.concat([first, endless, END]), 'bad-header', 1],
      ['two tars in one', Buffer.concat([first, END, second, END]), 'members-behind-end', 1],
      ['no tar', Buffer.from('GIF89a'.repeat(200)), 'not-a-tar', 0],
      ['nothing', Buffer.alloc(0), 'not-a-tar', 0],
      ['only an end', END, 'whole', 0],
    ];
    const folder = makeFolder(Object.fromEntries(cases.map(([name, bytes]) => [name, bytes])));
    for (const [name, , outcome, count] of cases) {
      const { members, end } = await walk(join(folder, name));
      expect([name, end.outcome, members.length]).toEqual([name, outcome, count]);
    }
  });

  it('ends on any damage without an exception', async () => {
    const whole = Buffer.concat([
      new Pax({ path: 'ü.mp4', size: 5 }).encode(),
      entry({ name: 'short', body: '12345' }),
      entry({ name: 'b.txt', body: 'b'.repeat(600) }),
      END,
    ]);
    const folder = makeFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          for (let at = 0; at < bytes.length; at += 512) sign(bytes.subarray(at, at + 512));
          writeFileSync(join(folder, 'a'), bytes.subarray(0, length));
          const { members } = await walk(join(folder, 'a'));
          for (const each of members)
            expect(each.start_bytes + each.length_bytes).toBeLessThanOrEqual(length);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('tars as a dataset', () => {
  it('makes a row of every sample, with text read and media named by where they lie', async () => {
    const bytes = tarOf(
      { name: '__meta__', body: 'x' },
      { name: 'a.mp4', body: 'MP4' },
      { name: 'a.txt', body: 'a caption\n' },
      { name: 'a.json', body: '{"fps": 25, "id": 9007199254740993, "mp4": "own", "score": NaN}' },
      { name: 'b.mp4', body: '' },
      { name: 'b.txt', body: 'another' },
      { name: 'b.npy', body: 'NUMPY' },
    );
    const { dataset, query } = await openTar(bytes);
    expect(dataset.format).toBe('tar');
    expect(dataset.rows).toBe(2);
    expect(dataset.isKeyStable).toBe(true);
    expect(dataset.mediaColumns).toEqual(['path']);
    const rows = await query(
      'select key, path, caption, fps, id, json_mp4, latent_path from clips order by clip_id',
    );
    const at = bytes.indexOf('MP4');
    expect(rows).toEqual([
      {
        key: 'a',
        path: `000.tar/a.mp4#${at}+3`,
        caption: 'a caption',
        fps: 25,
        id: '9007199254740993',
        json_mp4: 'own',
        latent_path: null,
      },
      {
        key: 'b',
        path: expect.stringMatching(/^000\.tar\/b\.mp4#\d+\+0$/),
        caption: 'another',
        fps: null,
        id: null,
        json_mp4: null,
        latent_path: `000.tar/b.npy#${bytes.indexOf('NUMPY')}+5`,
      },
    ]);
    expect(await query('select rows, members, format from shards')).toEqual([
      { rows: '2', members: '7', format: 'tar' },
    ]);
    expect(await query(FAULTS)).toEqual([]);
  });

  it('reads gzip and Zstandard to the same rows, without places in the file', async () => {
    const bytes = tarOf(
      { name: 'a.jpg', body: 'x'.repeat(100_000) },
      { name: 'a.txt', body: 'a caption' },
    );
    const folder = makeFolder({ 'plain/a.tar': bytes, 'gz/a.tgz': gzipSync(bytes) });
    mkdirSync(join(folder, 'zst'));
    execFileSync('zstd', ['-q', join(folder, 'plain/a.tar'), '-o', join(folder, 'zst/a.tar.zst')]);
    for (const [kind, name] of [
      ['gz', 'a.tgz'],
      ['zst', 'a.tar.zst'],
    ] as const) {
      const { query } = await open(join(folder, kind));
      expect(await query('select key, path, caption from clips')).toEqual([
        { key: 'a', path: `${name}/a.jpg`, caption: 'a caption' },
      ]);
    }
  });

  it('takes the media of drawn clips out of compressed tars, and of no others', async () => {
    const bytes = tarOf(
      { name: 'a.mp4', body: 'x'.repeat(9_000_000) },
      { name: 'd/b.mp4', body: 'bytes of b' },
      { name: 'c.mp4', body: 'bytes of c' },
    );
    const { dataset, query } = await open(makeFolder({ '0.tar.gz': gzipSync(bytes) }));
    const paths = (await query('select path from clips order by clip_id')).map((row) =>
      textOf(row['path']),
    );
    const { held } = dataset;
    await held?.hold([paths[1] ?? null, '0.tar.gz/gone.mp4', null, 'elsewhere.mp4']);
    const found = held?.find('0.tar.gz/d/b.mp4');
    expect(found?.kind === 'file' ? readFileSync(found.path, 'utf8') : found).toBe('bytes of b');
    expect(held?.find('0.tar.gz/gone.mp4')).toMatchObject({ kind: 'fault', code: 'missing-file' });
    expect([held?.find(paths[0] ?? ''), held?.find('elsewhere.mp4')]).toEqual([null, null]);
    await held?.hold(paths);
    const first = held?.find(paths[0] ?? '');
    expect(first?.kind === 'file' ? [statSync(first.path).size, first.sizeBytes] : first).toEqual([
      9_000_000, 9_000_000,
    ]);
  });

  it('gives a member of a compressed tar to whoever looks at a run later', async () => {
    const folder = makeFolder({
      '0.tar.gz': gzipSync(tarOf({ name: 'd/b.mp4', body: 'bytes of b' })),
    });
    expect(compressedContainer(folder, '0.tar.gz/d/b.mp4')).toMatchObject({
      name: '0.tar.gz',
      path: join(realpathSync(folder), '0.tar.gz'),
      compression: 'gzip',
    });
    for (const text of ['../0.tar.gz/a.mp4', '1.tar.gz/a.mp4', '0.tar/a.mp4', 'a.mp4'])
      expect(compressedContainer(folder, text)).toBeNull();
  });

  it('compares tars by what is in them, however they are cut and compressed', async () => {
    const samples = ['a', 'b', 'c', 'd'].map((key) => [
      { name: `${key}.mp4`, body: `media of ${key}` },
      { name: `${key}.txt`, body: `caption of ${key}` },
    ]);
    const folder = makeFolder({
      'before/0.tar': tarOf(...samples.flat()),
      'after/0.tar.gz': gzipSync(tarOf(...samples.slice(2).flat())),
      'after/1.tar': tarOf(...(samples[1] ?? []), ...(samples[0] ?? [])),
    });
    const diff = await diffOf(join(folder, 'before'), join(folder, 'after'));
    expect(diff.rowFlow).toMatchObject({ unchanged: 4, changed: 0, added: 0, removed: 0 });
    expect(failedRules(diff)).toEqual([]);
  });

  it('stops bombs, and keeps what came before damage', async () => {
    const sample = entry({ name: 'a.txt', body: 'a caption' });
    const zeros = Buffer.alloc(1 << 20);
    const giant = entry({ name: 'b.mp4', patch: (block) => block.write('00777777777\0', 124) });
    const bomb = gzipSync(
      Buffer.concat([sample, giant, ...Array.from({ length: 80 }, () => zeros)]),
    );
    const whole = gzipSync(
      Buffer.concat([sample, entry({ name: 'b.mp4', body: randomText(200_000) }), END]),
    );
    const folder = makeFolder({
      '0.tar.gz': bomb,
      '1.tar.gz': whole.subarray(0, whole.length / 2),
      '2.tar.gz': Buffer.from('no gzip'),
      '3.tar.zst': Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.alloc(4000, 0xaa)]),
      '4.tar': Buffer.concat([sample, END]),
    });
    const { dataset, query } = await open(folder);
    expect(dataset.shards.map((shard) => [shard.rows, shard.state])).toEqual([
      [1, 'read'],
      [1, 'read'],
      [0, 'unread'],
      [0, 'unread'],
      [1, 'read'],
    ]);
    expect(await query('select shard, kind, detail from tar_faults order by shard')).toEqual([
      { shard: '0.tar.gz', kind: 'decompression', detail: expect.stringContaining('stopped') },
      { shard: '1.tar.gz', kind: 'decompression', detail: expect.stringContaining('gzip') },
    ]);
    expect(dataset.shards[0]?.cutOff).toContain('stopped');
  });

  it('refuses names that leave the folder, and says what it passed over', async () => {
    const bytes = Buffer.concat([
      entry({ name: '../../etc/passwd.txt', body: 'root' }),
      entry({ name: '/abs.mp4', body: 'x' }),
      entry({ name: 'README', body: 'x' }),
      entry({ name: 'l.mp4' }, 'SymbolicLink'),
      entry({ name: 'a.txt', body: Buffer.from([0x63, 0xff]) }),
      entry({ name: 'a.json', body: '{no json' }),
      entry({ name: 'b.txt', body: 'x'.repeat(1_100_000) }),
      END,
    ]);
    const { query } = await openTar(bytes);
    expect(
      await query(
        `select key, caption, tar_path from (select *, null as tar_path from clips) order by clip_id`,
      ),
    ).toEqual([
      { key: '../../etc/passwd', caption: null, tar_path: null },
      { key: '/abs', caption: null, tar_path: null },
      { key: 'a', caption: 'c\uFFFD', tar_path: null },
      { key: 'b', caption: null, tar_path: null },
    ]);
    expect((await query(FAULTS)).map((row) => [row['kind'], row['members'], row['first']])).toEqual(
      [
        ['link', '1', 'l.mp4'],
        ['long-text', '1', 'b.txt'],
        ['no-extension', '1', 'README'],
        ['not-json', '1', 'a.json'],
        ['not-utf8', '1', 'a.txt'],
        ['unsafe-name', '2', '../../etc/passwd.txt'],
      ],
    );
  });

  it('joins parallel tars by key and keeps splits apart', async () => {
    const video = tarOf({ name: 'a.mp4', body: 'x' }, { name: 'b.mp4', body: 'x' });
    const metas = tarOf({ name: 'b.json', body: '{"n": 2}' }, { name: 'a.json', body: '{"n": 1}' });
    const parallel = await open(makeFolder({ 'video/0.tar': video, 'metas/0.tar': metas }));
    expect(await parallel.query('select shard, key, n from clips order by key')).toEqual([
      { shard: 'video/0.tar', key: 'a', n: '1' },
      { shard: 'video/0.tar', key: 'b', n: '2' },
    ]);
    expect(parallel.dataset.rows).toBe(2);
    expect(
      await parallel.query('select shard, parallel_to from tar_shards order by shard'),
    ).toEqual([
      { shard: 'metas/0.tar', parallel_to: 'video/0.tar' },
      { shard: 'video/0.tar', parallel_to: null },
    ]);
    const splits = await open(makeFolder({ 'train/0.tar': video, 'test/0.tar': video }));
    expect(splits.dataset.rows).toBe(4);
  });

  it('reads what nobody would write into text and JSON', async () => {
    const keys = Array.from({ length: 2100 }, (_, i) => `"k${i}":${i}`);
    const contents = [
      '{"width": 1, "Width": 2, "": 3, "a\\u0000b": "\\u0000", "half": "\\ud83d"}',
      '{"width": 1e400, "width": "x", "key": "own", "__key__": "own", ".mp4": "own", "mp4": "own"}',
      `{"deep": ${'['.repeat(5000)}${']'.repeat(5000)}}`,
      `{${keys.join(',')}}`,
      '[1, 2]',
      'null',
      '\uFEFF{"width": 3}',
      '',
    ];
    const { dataset, query } = await openTar(
      tarOf(
        ...contents.flatMap((body, i) => [
          { name: `${i}.json`, body },
          { name: `${i}.txt`, body: `caption\0 ${i}` },
        ]),
      ),
    );
    const rows = await query('select key, caption from clips order by clip_id');
    expect(rows.map((row) => row['key'])).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(dataset.warnings.join(' ')).toContain('more than 2,000 different keys');
  });

  it('takes NaN and Infinity of Python for no number, and what never ends for no JSON', async () => {
    const bodies = [
      '{"width": NaN, "note": "NaN, \\"Infinity"}',
      '{"width": -Infinity, "note": [NaN,Infinity]}',
      `[${' '.repeat(400_000)}`,
      // Unclosed at each of its quotes: a search that goes back takes an hour.
      '"\\'.repeat(1_000_000),
    ];
    const { query } = await openTar(
      tarOf(
        ...bodies.flatMap((body, i) => [
          { name: `${i}.json`, body },
          { name: `${i}.mp4`, body: 'x' },
        ]),
      ),
    );
    expect(await query('select count(*)::integer as n from clips')).toEqual([{ n: 4 }]);
    expect(await query(FAULTS)).toEqual([
      { kind: 'not-json', members: '2', first: '2.json', detail: '' },
    ]);
  });

  it('survives names whose dots make thousands of fields', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => ({ name: `video.${i}.mp4`, body: '' }));
    const { dataset, query } = await openTar(tarOf(...names));
    expect(dataset.columns.length).toBeLessThan(70);
    const kinds = (await query(FAULTS)).map((row) => row['kind']);
    expect(kinds).toEqual(['many-fields', 'many-members']);
  });
});

function randomText(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(32 + (state % 90));
  }).join('');
}

describe('indexes and tables beside tars', () => {
  const samples = tarOf(
    { name: 'a b.mp4', body: 'MP4' },
    { name: 'a b.txt', body: 'a caption' },
    { name: 'c.mp4', body: 'x'.repeat(5000) },
    { name: 'c.txt', body: 'another' },
  );
  const index =
    'v1.2 2\nmp4 512 3 a b.mp4 txt 1536 9 a b.txt\nmp4 2560 5000 c.mp4 txt 8192 7 c.txt\n';

  it('takes members from the index of DALI, and gives the rows that the headers give', async () => {
    const select = 'select * from clips order by clip_id';
    const byHeaders = await openTar(samples);
    const byIndex = await open(makeFolder({ '000.tar': samples, '000.idx': index }));
    expect(await byIndex.query(select)).toEqual(await byHeaders.query(select));
    expect(byIndex.dataset.warnings[0]).toContain('1 of them by the .idx beside');
  });

  it.each([
    ['of another tar', index.replace('5000', '5001')],
    ['of a shorter one', index.replace('v1.2 2', 'v1.2 1').split('\n').slice(0, 2).join('\n')],
    ['beyond its end', index.replace('8192', '819200')],
    ['that overlaps', index.replace('1536', '600')],
    ['cut off', index.slice(0, 60)],
    // Whether a name ends at a space would be asked at each of them: minutes.
    ['with a line without end', `v1.2 1\nmp4 512 3 ${'a.mp4 '.repeat(500_000)}\n`],
  ])('finds an index %s and reads the headers', async (_, text) => {
    const { dataset, query } = await open(makeFolder({ '000.tar': samples, '000.idx': text }));
    expect(dataset.rows).toBe(2);
    expect((await query(FAULTS)).map((row) => row['kind'])).toEqual(['stale-index']);
  });

  it('passes over indexes of other kinds', async () => {
    const { query } = await open(
      makeFolder({ '000.tar': samples, '000.idx': 'v1.1 1\nmp4 512 3' }),
    );
    expect(await query(FAULTS)).toEqual([]);
  });

  it('reads tars and not the tables that describe their download', async () => {
    const folder = makeFolder({
      '00000.tar': samples,
      '00000.csv': 'key,url\na,http://example.org/a.mp4\n',
      '00000_stats.json': '{"count": 5, "successes": 2}',
    });
    const { dataset } = await open(folder);
    expect(dataset.format).toBe('tar');
    expect(dataset.warnings.join(' ')).toContain('00000.csv');
    const ranged = await open(join(folder, '{00000..00003}.tar'));
    expect(ranged.dataset.rows).toBe(2);
  });

  it('says which tars beside a manifest cannot be read to their end', async () => {
    const list = ['a b', 'c', 'd'].map((key) => JSON.stringify({ path: `${key}.mp4` })).join('\n');
    const { dataset } = await open(
      makeFolder({
        'list.jsonl': list,
        '000.tar': samples,
        '001.tar': tarOf({ name: 'z.mp4', body: 'z'.repeat(900) }).subarray(0, 700),
        '002.tar': 'x',
      }),
    );
    expect(dataset.warnings.join(' ')).toMatch(
      /2 of the tars beside the manifest could not be read to the end, first 001\.tar: /,
    );
  });

  it('takes a tar among many media for a stray archive, and media beside tars for pictures of them', async () => {
    const media = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`${i}.mp4`, 'x']));
    const many = await open(makeFolder({ ...media, 'code.tar.gz': gzipSync(samples) }));
    expect(many.dataset.format).toBe('media');
    expect(many.dataset.warnings.join(' ')).toContain('1 tar among 11 media passed over');
    const few = await open(makeFolder({ '000.tar': samples, 'preview.jpg': 'x' }));
    expect(few.dataset.format).toBe('tar');
  });

  it.each(['c.mp4', './c.mp4', '000.tar/c.mp4'])(
    'lets a manifest win whose rows name members as %s',
    async (path) => {
      const rows = [
        { path: path.replace('c.', 'a b.'), n: 1 },
        { path, n: 2 },
        { path: 'gone.mp4', n: 3 },
      ];
      const { dataset, query } = await open(
        makeFolder({
          'list.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
          'shards/000.tar': samples,
        }),
      );
      expect(dataset.format).toBe('jsonl');
      expect(dataset.warnings.join(' ')).toContain('1 tar lies beside the manifest');
      expect(await query('select path from clips order by n')).toEqual([
        { path: 'shards/000.tar/a b.mp4#512+3' },
        { path: 'shards/000.tar/c.mp4#2560+5000' },
        { path: 'gone.mp4' },
      ]);
    },
  );
});
