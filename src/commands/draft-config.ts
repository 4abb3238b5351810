import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { printable } from '../config/schema-errors.ts';
import { DEFAULT_CONFIG } from '../config/config.ts';
import type { ColumnSummary } from '../run/document.ts';
import { samplePromise } from '../sampling/draw-sample.ts';

/** What `dailies init` saw of a dataset. Paths are relative to the folder of the configuration. */
type SeenDataset = {
  readonly paths: readonly string[];
  readonly mediaRoot: string;
  readonly rows: number;
  readonly shards: number;
  readonly format: string;
  readonly columns: readonly ColumnSummary[];
  readonly warnings: readonly string[];
};

/** The text of a `dailies.yaml`: the column mapping with the reason for each guess, and the settings most often changed. */
export function draftConfig(seen: SeenDataset): string {
  const looked = Math.min(Number(DEFAULT_CONFIG.sample), seen.rows);
  return `${[
    `# Written by 'dailies init': ${seen.rows.toLocaleString('en-US')} rows in ${seen.shards.toLocaleString('en-US')} ${seen.format} shard${seen.shards === 1 ? '' : 's'}.`,
    `# Every setting can be left out; 'dailies scan --help' says what holds then.`,
    ...seen.warnings.map((warning) => comment(`note: ${warning}`)),
    '',
    `dataset: [${seen.paths.map(scalar).join(', ')}]`,
    `media_root: ${scalar(seen.mediaRoot)}`,
    '',
    '# What dailies calls it: your column. Mend what was guessed wrong; null says that there is no such column.',
    ...mappingLines(seen.columns),
    '',
    `sample: ${DEFAULT_CONFIG.sample} # ${samplePromise(looked, seen.rows)}`,
    `seed: ${scalar(DEFAULT_CONFIG.seed)} # the same seed draws the same clips in every version`,
    `tier: ${DEFAULT_CONFIG.tier} # manifest, header, packets, keyframes, frames or full: how deep to look`,
    '',
    'gate:',
    `  fail_on: ${DEFAULT_CONFIG.gate.failOn} # error, warning, note or never: what ends with exit code 1`,
    '  allow_incomplete: false # true: rules that could not look at everything do not end with exit code 3',
    '',
    'rules:',
    '  dirs: [] # folders of your own rules',
    '  ignore: [] # ids, families or globs',
    '  severity: {} # such as still-video: note, or off',
    '  options: {} # such as duration-mismatch: { tolerance_s: 0.5 }',
  ].join('\n')}\n`;
}

function mappingLines(columns: readonly ColumnSummary[]): string[] {
  const lines: { readonly setting: string; readonly why: string }[] = [];
  for (const role of Object.keys(CANONICAL_COLUMNS)) {
    const sources = columns.filter((column) => column.role === role);
    if (sources.length === 0) continue;
    const names = sources.map(({ name }) => scalar(name));
    lines.push({
      setting: `  ${role}: ${names.length === 1 ? names.join('') : `[${names.join(', ')}]`}`,
      why: sources.map(({ reason }) => reason).join('; '),
    });
  }
  const width = Math.max(0, ...lines.map(({ setting }) => setting.length));
  const kept = columns.filter((column) => column.role === null);
  return [
    lines.length === 0 ? 'columns: {}' : 'columns:',
    ...lines.map(({ setting, why }) => `${setting.padEnd(width)} ${comment(why)}`),
    ...(kept.length === 0 ? [] : [`  ${comment(`under their own names: ${listKept(kept)}`)}`]),
  ];
}

/** Columns named in the comment; the rest is counted. */
const MOST_KEPT = 40;

function listKept(columns: readonly ColumnSummary[]): string {
  const named = columns
    .slice(0, MOST_KEPT)
    .map(({ name, type }) => `${name} (${type.replace(/\(.*\)/s, '(…)')})`);
  const more = columns.length - named.length;
  return `${named.join(', ')}${more === 0 ? '' : `, and ${more} more`}`;
}

/** Longest comment on one line. */
const COMMENT_CHARS = 2_000;

function comment(text: string): string {
  return `# ${printable(text.replaceAll(/\s+/g, ' ')).slice(0, COMMENT_CHARS)}`;
}

/** Text as a YAML scalar that reads back as exactly this text. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z_./][\w./-]*$/.test(text) &&
    !/^(true|false|null|yes|no|on|off|y|n|\.(inf|nan)|~)$/i.test(text);
  return isPlain
    ? text
    : JSON.stringify(text).replaceAll(
        /[\u007F-\u009F\u2028\u2029\uFEFF]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
}
