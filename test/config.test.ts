import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { closestWord, countEdits } from '../src/config/did-you-mean.ts';
import { CONFIG_SCHEMA, loadConfig } from '../src/config/load-config.ts';
import { parseYaml } from '../src/config/parse-yaml.ts';
import { checkAgainstSchema, compileSchema } from '../src/config/schema-errors.ts';
import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { DailiesError } from '../src/dailies-error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Writes a configuration and loads it as `dailies.yaml` of its folder. */
async function load(text: string) {
  const file = join(folder, 'dailies.yaml');
  await writeFile(file, text);
  return loadConfig('dailies.yaml', folder);
}

/** The message of the DailiesError that the text causes. */
async function complaint(text: string): Promise<string> {
  const error: unknown = await load(text).catch((reason: unknown) => reason);
  if (!(error instanceof DailiesError)) throw new Error(`no DailiesError but ${String(error)}`);
  expect(error.code).toBe('config');
  return error.message;
}

describe('configuration', () => {
  it('is all defaults where there is no file', async () => {
    expect(await loadConfig(null, join(folder, 'nowhere'))).toEqual(DEFAULT_CONFIG);
  });

  it('is all defaults where the file is empty', async () => {
    expect(await load('# nothing\n\n')).toMatchObject({ sample: '3000' });
    expect(await load('')).toMatchObject({ sample: '3000', tier: 'frames' });
  });

  it('reads every setting, and makes paths absolute from its own folder', async () => {
    const config = await load(`
dataset: [data/*.parquet]
columns: { key: id, path: [left, right], caption: text, split: null }
media_root: media
sample: 5%
seed: 7
strata: [split]
tier: keyframes
budgets: { frames: { random: 20%, bytes: 2GB, decode_s: 600 } }
decoder: ffmpeg
engine: spark
spark:
  home: /opt/spark
  master: 'spark://gate:7077'
  conf: { spark.executor.cores: 4 }
  work_directory: shared
  archive: worker.tar.gz
  clips_per_task: 50
stores:
  endpoint: 'https://minio.example.com'
  requests_per_s: 50
  whole_object: 1MB
workers: 3
memory_limit: 2GB
temp_directory: /tmp/x
rules:
  dirs: [my-rules]
  select: ['captions/*']
  ignore: [tiny-files]
  severity: { empty-caption: warning, still-video: off }
  options: { duration-mismatch: { tolerance_s: 0.5 } }
  budgets: { empty-caption: { max_rate: 0.05 %, max_count: 7 } }
gate: { fail_on: warning, allow_incomplete: true, strict: true, suppressions: known.yaml, max_unreachable: 5 % }
alignment: { model: ./models/clip, model_rows: 500, annotations: source.csv }
redact: true
localise: [camera]
output: { html: out/report.html }
`);
    expect(config).toEqual({
      file: join(folder, 'dailies.yaml'),
      dataset: [join(folder, 'data/*.parquet')],
      columns: { key: ['id'], path: ['left', 'right'], caption: ['text'], split: [] },
      mediaRoot: join(folder, 'media'),
      sample: '5%',
      seed: '7',
      strata: ['split'],
      tier: 'keyframes',
      budgets: { frames: { random: '20%', bytes: 2e9, decode_s: 600 } },
      decoder: 'ffmpeg',
      engine: 'spark',
      spark: {
        home: '/opt/spark',
        master: 'spark://gate:7077',
        conf: { 'spark.executor.cores': '4' },
        workDirectory: join(folder, 'shared'),
        archive: join(folder, 'worker.tar.gz'),
        clipsPerTask: 50,
        clipsPerWave: 20_000,
      },
      stores: {
        ...DEFAULT_STORE_ACCESS,
        endpoint: 'https://minio.example.com',
        requests_per_s: 50,
        unrangedBytes: 1_000_000,
      },
      workers: 3,
      memoryLimit: '2GB',
      tempDirectory: '/tmp/x',
      cacheDirectory: null,
      rules: {
        dirs: [join(folder, 'my-rules')],
        select: ['captions/*'],
        ignore: ['tiny-files'],
        severity: { 'empty-caption': 'warning', 'still-video': 'off' },
        options: { 'duration-mismatch': { tolerance_s: 0.5 } },
        budgets: { 'empty-caption': { maxRate: 0.0005, maxCount: 7, notIncreasing: false } },
      },
      gate: {
        failOn: 'warning',
        allowIncomplete: true,
        isStrict: true,
        maxUnreachable: 0.05,
        suppressions: join(folder, 'known.yaml'),
      },
      alignment: {
        model: join(folder, 'models/clip'),
        modelRows: 500,
        annotations: join(folder, 'source.csv'),
      },
      isRedacted: true,
      localise: ['camera'],
      output: { html: join(folder, 'out/report.html') },
    });
  });

  it.each([
    [
      'medai_root: x\n',
      `dailies.yaml:1:1 / has an unknown key 'medai_root'; did you mean 'media_root'?`,
    ],
    [
      'rules:\n  ignroe: [a]\n',
      `dailies.yaml:2:3 /rules has an unknown key 'ignroe'; did you mean 'ignore'?`,
    ],
    [
      'columns:\n  captoin: text\n',
      `dailies.yaml:2:3 /columns has an unknown key 'captoin'; did you mean 'caption'?`,
    ],
    ['zzzzzz: 1\n', `dailies.yaml:1:1 / has an unknown key 'zzzzzz'`],
    [
      '\ngate: {fail_on: eror}',
      `dailies.yaml:2:17 /gate/fail_on must be error, warning, note or never, not 'eror'; did you mean 'error'?`,
    ],
    ['workers: two', `dailies.yaml:1:10 /workers must be a whole number, not 'two'`],
    ['workers: 0', `dailies.yaml:1:10 /workers must be >= 1, not 0`],
    ['sample: [1]', `dailies.yaml:1:9 /sample must be a whole number or text, not a list`],
    [
      'sample: many',
      `dailies.yaml:1:9 /sample must match ^(all|[1-9][0-9]{0,14}|[0-9]+(\\.[0-9]+)? ?%)$, not 'many'`,
    ],
    ['strata: split', `dailies.yaml:1:9 /strata must be a list, not 'split'`],
    ['dataset: []', `dailies.yaml:1:10 /dataset must NOT have fewer than 1 items, not a list`],
    [
      'rules: {severity: {A B: error}}',
      `dailies.yaml:1:20 /rules/severity has a key 'A B' that must match pattern "^[a-z*][a-z0-9*-]*$"`,
    ],
    ['- a', `dailies.yaml:1:1 / must be a map, not a list`],
    [
      'gate: {fail_on: !!js/function x}',
      `dailies.yaml:1:17 is not YAML: Unresolved tag: tag:yaml.org,2002:js/function`,
    ],
    ['tier: frames\ntier: frames', `dailies.yaml:2:1 is not YAML: Map keys must be unique`],
    [
      'a: [',
      `dailies.yaml:1:5 is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]`,
    ],
  ])('says of %j where and what is wrong', async (text, message) => {
    expect(await complaint(text)).toBe(message);
  });

  it('lists several problems in the order of the file, and counts what it leaves out', async () => {
    expect(await complaint('tier: deep\nseeed: 1\n')).toBe(
      `dailies.yaml:1:7 /tier must be manifest, header, packets, keyframes, frames, full or headers, not 'deep'\n` +
        `dailies.yaml:2:1 / has an unknown key 'seeed'; did you mean 'seed'?`,
    );
    const many = Array.from({ length: 25 }, (_, i) => `x${i}: 1`).join('\n');
    const lines = (await complaint(many)).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('and 15 more');
  });

  it('names a file that is not there, and the way to get one', async () => {
    await expect(loadConfig('absent.yaml', folder)).rejects.toMatchObject({
      code: 'config',
      message: 'absent.yaml cannot be read',
      hint: `write one with 'dailies init <dataset>'`,
    });
  });

  it('describes every property of its published schema', async () => {
    const schema: unknown = JSON.parse(await readFile(CONFIG_SCHEMA, 'utf8'));
    expect(undescribed(schema, '')).toEqual([]);
  });
});

/** Paths of properties without a description, anywhere in a schema. */
function undescribed(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) => {
    const missing =
      name === 'properties' && typeof value === 'object' && value !== null
        ? Object.entries(value)
            .filter(
              ([, spec]: [string, unknown]) => !JSON.stringify(spec).includes('"description"'),
            )
            .map(([property]) => `${path}/${property}`)
        : [];
    return [...missing, ...undescribed(value, `${path}/${name}`)];
  });
}

describe('hostile YAML', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x, x]',
    ...'bcdefghij'
      .split('')
      .map((name, i) => `${name}: &${name} [${`*${'abcdefghi'[i]}, `.repeat(10)}]`),
  ].join('\n');

  it.each([
    ['an alias bomb', bomb],
    ['an alias of its own parent', 'a: &a [*a]'],
    ['an alias of nothing', 'a: *b'],
    ['a million brackets', '['.repeat(900_000)],
    ['a hundred thousand dashes', '- '.repeat(100_000)],
    [
      'indentation a thousand deep',
      Array.from({ length: 1_200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    ],
    ['more than a megabyte', `seed: ${'x'.repeat(1_100_000)}`],
    ['two documents', 'seed: 1\n---\nseed: 2'],
    ['a map as a key', '? {a: 1}\n: 2'],
    ['a prototype', '__proto__: {sample: all}'],
    ['a constructor', 'constructor: {prototype: {x: 1}}'],
    ['a binary tag', 'seed: !!binary aGk='],
    ['bytes that are no text', '\u0000\u0001\u0002'],
  ])('refuses %s with one clear error', async (_, text) => {
    const message = await complaint(text);
    expect(message.length).toBeLessThan(2_000);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('never throws anything but a DailiesError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc
            .array(fc.constantFrom(...'[]{}:-?&*!|>\'"%@` \n#a,1'.split('')), { maxLength: 200 })
            .map((c) => c.join('')),
          fc.json(),
        ),
        async (text) => {
          const outcome = await load(text).catch((error: unknown) => error);
          expect(outcome instanceof DailiesError || !(outcome instanceof Error)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('spells out control characters of a stranger in its messages', async () => {
    expect(await complaint('"\\e[31mred\\u202e": 1')).toContain(
      String.raw`'\u{1b}[31mred\u{202e}'`,
    );
  });
});

describe('schema errors', () => {
  const validate = compileSchema({
    type: 'object',
    oneOf: [{ required: ['where'] }, { required: ['sql'] }],
    properties: {
      where: { type: 'string' },
      sql: { type: 'string' },
      finds: {
        oneOf: [
          { type: 'array', items: { type: 'string' } },
          { type: 'integer', minimum: 0 },
        ],
      },
    },
  });

  it.each([
    ['{}', 'r.yaml:1:1 / must have exactly one of the keys where or sql'],
    ['{where: a, sql: b}', 'r.yaml:1:1 / must have exactly one of the keys where or sql'],
    ['{sql: b, finds: x}', `r.yaml:1:17 /finds must be a list or a whole number, not 'x'`],
    ['{sql: b, finds: [a, 7]}', 'r.yaml:1:21 /finds/1 must be text, not 7'],
    ['{sql: b, finds: -1}', 'r.yaml:1:17 /finds must be >= 0, not -1'],
  ])('names for %s the alternative that was nearly right', (text, message) => {
    expect(() => {
      checkAgainstSchema(validate, parseYaml(text, 'r.yaml'));
    }).toThrow(message);
  });
});

describe('did you mean', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

  it('counts edits like a metric, and a swap of neighbours once', () => {
    expect(countEdits('captoin', 'caption')).toBe(1);
    expect(countEdits('', 'abc')).toBe(3);
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        expect(countEdits(a, b)).toBe(countEdits(b, a));
        expect(countEdits(a, b) === 0).toBe(a === b);
        expect(countEdits(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(countEdits(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it.each([
    ['media-root', 'media_root'],
    ['SEED', 'seed'],
    ['ruels', 'rules'],
    ['x', null],
    ['frame', null],
    ['', null],
  ])('takes %j for %j', (word, meant) => {
    expect(closestWord(word, ['seed', 'media_root', 'rules', 'all'])).toBe(meant);
  });
});
