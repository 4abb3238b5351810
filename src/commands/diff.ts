import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';

import { renderDiffJson } from '../../reports/diff-json.ts';
import { renderDiffMarkdown } from '../../reports/diff-markdown.ts';
import { renderDiffText } from '../../reports/diff-text.ts';
import { renderDiffHtml } from '../../reports/html/diff-page.ts';
import { compareVersions } from '../compare/compare-versions.ts';
import type { DiffDocument } from '../compare/diff-document.ts';
import type { Tolerance } from '../compare/pair-columns.ts';
import type { Config } from '../config/config.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import { DailiesError } from '../dailies-error.ts';
import { createProgress, SILENT } from '../progress.ts';
import { keptStrips, makePairStrips } from '../run/pair-strips.ts';
import { type CommandContext, wantsColor } from './command-context.ts';
import type { DiffFlags } from './diff-flags.ts';
import { accessOfRun } from '../stores/parse-access.ts';
import { readDocument } from '../run/read-run.ts';
import type { StoreAccess } from '../stores/access.ts';
import { trusting } from '../stores/address-guard.ts';
import { isStoreUrl, shownUrl } from '../stores/store-url.ts';
import { readScanConfig } from './scan-config.ts';

/** `dailies diff`: compares two versions of a dataset and prints what changed. Resolves to the exit code. */
export async function runDiff(
  before: string,
  after: string,
  flags: DiffFlags,
  context: CommandContext,
): Promise<number> {
  const { sample, ...withoutSample } = flags;
  const config = await readScanConfig(
    [before, after],
    { ...withoutSample, output: [] },
    context.cwd,
  );
  const outputs = parseDiffOutputs(flags.output, context.cwd);
  for (const file of outputs.values()) await mkdir(dirname(file), { recursive: true });
  const progress = flags.quiet === true ? SILENT : createProgress(context.stderr);
  const diff = await compareVersions(
    {
      before,
      after,
      config,
      cwd: context.cwd,
      mediaSample: sample ?? null,
      removed: flags.removed ?? null,
      tolerances: parseTolerances(flags.tolerance),
      changesFile: outputs.get('parquet') ?? null,
      command: ['dailies', 'diff', shownUrl(before), shownUrl(after)],
    },
    { signal: context.signal, progress },
  );
  for (const [format, file] of outputs) {
    if (format === 'html') {
      const reach = {
        before: await accessOf(before, config, context.cwd),
        after: await accessOf(after, config, context.cwd),
      };
      const pictures = await makePairStrips(picturedClips(diff), reach, {
        before: await keptStrips(resolve(context.cwd, before)),
        after: await keptStrips(resolve(context.cwd, after)),
      });
      await writeFile(file, renderDiffHtml(diff, pictures));
    } else if (format !== 'parquet') await writeFile(file, RENDERERS[format](diff));
    context.stderr.write(`wrote ${relative(context.cwd, file)}\n`);
  }
  context.stdout.write(
    flags.format === 'text'
      ? renderDiffText(diff, {
          colour: wantsColor(context, context.stdout, flags.color),
          width: context.stdout.columns,
          reports: [...outputs].map(([name, file]) => ({
            name,
            path: relative(context.cwd, file),
          })),
        })
      : RENDERERS[flags.format](diff),
  );
  return diff.verdict.exitCode;
}

/** How the media of a version are asked for. */
async function accessOf(
  version: string,
  { stores, mediaRoot }: Config,
  cwd: string,
): Promise<StoreAccess> {
  if (isStoreUrl(version))
    return { ...trusting(stores, [version, mediaRoot ?? '']), isFromRemoteManifest: true };
  const run = await readDocument(resolve(cwd, version)).catch(() => null);
  return run === null
    ? trusting(stores, [mediaRoot ?? ''])
    : accessOfRun(run.dataset.stores, stores);
}

/** Rows shown with their frames, beside those whose media changed most. */
const MOST_PICTURED_ROWS = 24;

/** Clips of which the page shows both versions. */
function picturedClips(diff: DiffDocument): Parameters<typeof makePairStrips>[0] {
  const changed = diff.media?.examples ?? [];
  const known = new Set(changed.map((pair) => pair.key));
  const rows = diff.examples
    .flatMap(({ key, fileBefore = null, fileAfter = null }) =>
      key === null || known.has(key) || (fileBefore ?? fileAfter) === null
        ? []
        : [{ key, fileBefore, fileAfter }],
    )
    .slice(0, MOST_PICTURED_ROWS);
  return [...changed, ...rows];
}

const RENDERERS = {
  text: (diff: DiffDocument) => renderDiffText(diff, { colour: false, width: 100 }),
  json: renderDiffJson,
  markdown: renderDiffMarkdown,
} as const satisfies Readonly<Record<string, (diff: DiffDocument) => string>>;

/** Reads `aesthetic=0.01` and `duration_s=1%`. Throws a `usage` error for what it cannot read. */
function parseTolerances(flags: readonly string[]): ReadonlyMap<string, Tolerance> {
  return new Map(
    flags.map((flag) => {
      const [, name, amount, percent] = /^(.+)=(\d*\.?\d+(?:e[+-]?\d+)?)(%?)$/i.exec(flag) ?? [];
      if (name === undefined || amount === undefined)
        throw new DailiesError('usage', `--tolerance ${flag}: no column and amount`, {
          hint: 'give the largest difference that counts as none, as in --tolerance aesthetic=0.01 or --tolerance duration_s=1%',
        });
      const value = Number(amount);
      return [
        name,
        percent === '%' ? { absolute: 0, relative: value / 100 } : { absolute: value, relative: 0 },
      ] as const;
    }),
  );
}

const FORMATS = ['text', 'json', 'markdown', 'html', 'parquet'] as const;

/** Reads `markdown=diff.md` into format and absolute path. Throws a `usage` error for what it cannot read. */
function parseDiffOutputs(
  outputs: readonly string[],
  cwd: string,
): ReadonlyMap<(typeof FORMATS)[number], string> {
  const parsed = new Map<(typeof FORMATS)[number], string>();
  for (const output of outputs) {
    const at = output.indexOf('=');
    const name = at < 0 ? output : output.slice(0, at);
    const format = FORMATS.find((each) => each === name);
    if (format === undefined || at < 0 || at === output.length - 1) {
      const guess = format === undefined ? didYouMean(name, FORMATS) : '';
      throw new DailiesError('usage', `--output ${output}: no format and file${guess}`, {
        hint: `formats are ${FORMATS.join(', ')}, as in --output markdown=diff.md`,
      });
    }
    parsed.set(format, resolve(cwd, output.slice(at + 1)));
  }
  return parsed;
}
