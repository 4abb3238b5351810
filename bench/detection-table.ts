import { readFile, writeFile } from 'node:fs/promises';

import { cleanUpperBound } from '../src/sampling/binomial.ts';
import type { SelftestDocument, SelftestMethod, SelftestRule } from '../src/selftest/document.ts';
import { isBelowMark } from '../src/selftest/tally.ts';

const METHODS: readonly SelftestMethod[] = [
  'media',
  'rows',
  'shards',
  'versions',
  'evidence',
  'examples',
];

/** The dataset that the smallest rates are stated for: the default sample of a large one. */
const SAMPLE = { size: 3_000, rows: 1_000_000 } as const;

/** One rule over all datasets in which it was tried in the best way that any of them allowed. */
type Line = {
  readonly rule: SelftestRule;
  readonly method: SelftestMethod;
  readonly datasets: number;
  readonly rates: readonly number[];
  readonly injected: number;
  readonly found: number;
  readonly sound: number;
  readonly falseAlarms: number;
  /** Smallest rate tried that showed, of what shows in many rows together. */
  readonly shown: number | null;
};

/** The table of all rules over several self-tests, as Markdown: in short by family, then rule by rule. */
export function detectionTable(
  documents: readonly SelftestDocument[],
  /** Rules that are judged on a sample of the media. */
  sampled: ReadonlySet<string>,
): string {
  const ids = [...new Set(documents.flatMap((each) => each.rules.map((rule) => rule.id)))];
  const lines = ids
    .map((id) => lineOf(documents, id))
    .filter((line) => line !== null)
    .toSorted((a, b) => compare(a.rule.family, b.rule.family) || compare(a.rule.id, b.rule.id));
  const families = [...new Set(lines.map((line) => line.rule.family))];
  const alone = lines.filter((line) => line.method === 'examples');
  const most = Math.max(
    0,
    ...lines
      .filter((line) => line.method === 'media')
      .flatMap((line) => line.rule.faults.map((fault) => fault.injected)),
  );
  const below = lines.filter((line) => isBelowMark(recallOf(line), alarmsOf(line)));
  return [
    '| family | rules | faults | found | look-alikes | false alarms |',
    '|---|--:|--:|--:|--:|--:|',
    ...families.map((family) => {
      const own = lines.filter((line) => line.rule.family === family);
      const [injected, found, sound, alarms] = (
        ['injected', 'found', 'sound', 'falseAlarms'] as const
      ).map((field) => own.reduce((sum, line) => sum + line[field], 0));
      return `| ${[family, own.length, count(injected), share(found, injected), count(sound), share(alarms, sound)].join(' | ')} |`;
    }),
    '',
    `${lines.length} rules on ${[...new Set(documents.map((each) => each.dataset))].join(' and ')}, with up to ${most} clips or images encoded anew for each fault of media; ${alone.length} stand on their examples alone (${alone.map((line) => `\`${line.rule.id}\``).join(', ')}). ${
      below.length === 0
        ? 'All others find 95 % of their faults or more, with 1 % false alarms at most.'
        : `Below 95 % found or above 1 % false alarms: ${below.map((line) => `\`${line.rule.id}\` (${line.rule.severity}; ${line.injected - line.found} of ${line.injected} missed, ${line.falseAlarms} of ${line.sound} look-alikes reported)`).join(', ')}.`
    } The smallest rate is what 3,000 of a million clips show 95 times in 100.`,
    '',
    '<details><summary>Rule by rule</summary>',
    '',
    '| rule | injected into | rates | faults | recall | false alarms | smallest rate |',
    '|---|---|---|--:|--:|--:|--:|',
    ...lines.map((line) => `| ${cellsOf(line, sampled).join(' | ')} |`),
    '',
    '</details>',
  ].join('\n');
}

function lineOf(documents: readonly SelftestDocument[], id: string): Line | null {
  const all = documents.flatMap((each) => each.rules.filter((rule) => rule.id === id));
  const method = METHODS.find((each) => all.some((rule) => rule.method === each));
  const [rule] = all;
  if (method === undefined || rule === undefined) return null;
  const own = all.filter((each) => each.method === method);
  const trials = own.flatMap((each) => each.trials);
  const designed = trials.filter((trial) => trial.isDesignPoint);
  const sum = (field: 'injected' | 'found' | 'sound' | 'falseAlarms'): number =>
    designed.reduce((total, trial) => total + trial[field], 0);
  const shown = trials.filter((trial) => trial.found > 0).map((trial) => trial.rate);
  const isOfMany = trials.some((trial) => !trial.isDesignPoint);
  return {
    rule,
    method,
    datasets: own.length,
    rates: [...new Set(trials.map((trial) => trial.rate))].toSorted((a, b) => a - b),
    injected: sum('injected'),
    found: sum('found'),
    sound: sum('sound'),
    falseAlarms: sum('falseAlarms'),
    shown: isOfMany && shown.length > 0 ? Math.min(...shown) : null,
  };
}

function cellsOf(line: Line, sampled: ReadonlySet<string>): readonly string[] {
  const recall = recallOf(line);
  const rates =
    line.method === 'rows' || line.method === 'evidence' ? line.rates.map(percent).join(', ') : '–';
  if (line.method === 'examples') {
    return [`\`${line.rule.id}\``, 'examples', '–', '–', '–', '–', '–'];
  }
  return [
    `\`${line.rule.id}\``,
    line.method,
    rates,
    count(line.injected),
    recall === null ? '–' : recall.toFixed(2),
    share(line.falseAlarms, line.sound),
    smallestRate(line, recall, sampled.has(line.rule.id)),
  ];
}

function smallestRate(line: Line, recall: number | null, isSampled: boolean): string {
  if (line.shown !== null) return percent(line.shown);
  if (recall === null || recall === 0 || line.method === 'versions' || line.method === 'shards')
    return '–';
  const isOfSample = isSampled || line.method === 'media' || line.method === 'evidence';
  return isOfSample ? percent(cleanUpperBound(SAMPLE.size, SAMPLE.rows) / recall) : 'one row';
}

function recallOf(line: Line): number | null {
  return line.injected === 0 ? null : line.found / line.injected;
}

function alarmsOf(line: Line): number | null {
  return line.sound === 0 ? null : line.falseAlarms / line.sound;
}

function share(part: number | undefined, whole: number | undefined): string {
  return whole === undefined || whole === 0 ? '–' : percent((part ?? 0) / whole);
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(3))} %`;
}

function count(value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Puts the table between its marks in a Markdown file. Throws if the file has no marks. */
export async function writeTable(file: string, table: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const marked = /<!-- detection: [^>]*-->\n[\s\S]*?<!-- \/detection -->/;
  if (!marked.test(text)) throw new Error(`${file} has no marks for the table`);
  await writeFile(
    file,
    text.replace(
      marked,
      () =>
        `<!-- detection: npm run bench:detection -- --readme -->\n\n${table}\n\n<!-- /detection -->`,
    ),
  );
}
