import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { drawShapes, SIDE_PX } from '../../bench/alignment/draw-shapes.ts';
import type { ScanResult } from '../../src/audit/scan-request.ts';
import { DEFAULT_CONFIG } from '../../src/config/config.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { scan } from '../../src/scan.ts';

const TOY = join(PACKAGE_ROOT, 'test/models/toy-clip');

/** The release that is tested; the library is the user's, and no dependency of dailies. */
const TRANSFORMERS = '4.3.1';

/** A folder that has the library, as a user would install it; it is kept. */
function installTransformers(): string {
  const folder = join(homedir(), '.cache', 'dailies-test', `transformers-${TRANSFORMERS}`);
  if (!existsSync(join(folder, 'node_modules/@huggingface/transformers/package.json'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const done = spawnSync(
      'npm',
      ['install', '--no-audit', '--no-fund', `@huggingface/transformers@${TRANSFORMERS}`],
      // Without CUDA's libraries, which come from elsewhere.
      { cwd: folder, encoding: 'utf8', env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' } },
    );
    if (done.status !== 0) throw new Error(`npm install failed: ${done.stderr}`);
  }
  return folder;
}

describe('a model folder', () => {
  let folder = '';
  const scanWith = async (model: string): Promise<ScanResult> =>
    scan({
      config: {
        ...DEFAULT_CONFIG,
        dataset: [join(folder, 'clips.jsonl')],
        cacheDirectory: join(folder, 'cache'),
        rules: { ...DEFAULT_CONFIG.rules, select: ['shifted-captions'] },
        alignment: { ...DEFAULT_CONFIG.alignment, model },
      },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: [],
    });

  const readCache = async (): Promise<string> => {
    const vectors = join(folder, 'cache/embeddings-v1');
    const [file = ''] = await readdir(vectors);
    return readFile(join(vectors, file), 'utf8');
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(installTransformers(), 'scan-'));
    await mkdir(join(folder, 'img'));
    const rows = 220;
    const drawn = Array.from({ length: rows + 1 }, (_, seed) => drawShapes(seed));
    await Promise.all(
      drawn.slice(0, rows).map(async ({ rgb }, row) =>
        sharp(rgb, { raw: { width: SIDE_PX, height: SIDE_PX, channels: 3 } })
          .png()
          .toFile(join(folder, 'img', `${row}.png`)),
      ),
    );
    const lines = drawn.slice(0, rows).map((_, row) =>
      JSON.stringify({
        key: `clip-${row}`,
        path: `img/${row}.png`,
        caption: drawn[row < 140 ? row : row + 1]?.caption,
      }),
    );
    await writeFile(join(folder, 'clips.jsonl'), `${lines.join('\n')}\n`);
  });

  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('is loaded, and finds from which row on captions moved', async () => {
    const { report, runFolder } = await scanWith(TOY);
    const finding = report.findings.find((each) => each.values['evidence'] === 'model');
    expect(finding?.message).toMatch(
      /^from row 1(39|40|41) of clips\.jsonl on each caption is that of the row after: /,
    );
    expect(existsSync(join(runFolder, 'evidence/embeddings.parquet'))).toBe(true);
    const model = report.run.alignment?.find((each) => each.evidence === 'model');
    expect(model).toMatchObject({ verdict: 'shifted', stretch: { offset: -1 } });
  });

  it('is not run again on what it has seen', async () => {
    const before = await readCache();
    expect(before.length).toBeGreaterThan(1000);
    await scanWith(TOY);
    expect(await readCache()).toBe(before);
  });

  it('that is incomplete, of another kind or not there is refused in words', async () => {
    const broken = join(folder, 'broken');
    await cp(TOY, broken, { recursive: true });
    await rm(join(broken, 'onnx/vision_model.onnx'));
    await rm(join(broken, 'tokenizer.json'));
    await expect(scanWith(broken)).rejects.toThrow(
      /tokenizer\.json, onnx\/vision_model\.onnx missing/,
    );
    const other = join(folder, 'other');
    await cp(TOY, other, { recursive: true });
    await writeFile(join(other, 'config.json'), '{"model_type": "bert"}');
    await expect(scanWith(other)).rejects.toThrow(/type 'bert' is no dual encoder/);
    await writeFile(join(other, 'config.json'), '{"model_type": "clip"}');
    await writeFile(join(other, 'onnx/text_model.onnx'), 'no model');
    await expect(scanWith(other)).rejects.toThrow(/could not be loaded/);
    await expect(scanWith('./nowhere')).rejects.toThrow('--align-model ./nowhere: no such folder');
    await expect(scanWith('clip')).rejects.toThrow('neither a folder nor a model id');
  });
});
