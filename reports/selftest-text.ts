import type { SelftestDocument, SelftestMethod } from '../src/selftest/document.ts';
import { formatCount, formatPercent } from './figures.ts';
import { spellOut } from './visible-text.ts';

const HEAD = [
  'rule',
  'severity',
  'kind',
  'faults',
  'recall',
  'false alarms',
  'smallest rate',
] as const;

/** The table of a self-test: a line per rule, those below the mark first. `markdown` draws it as a table of Markdown. */
export function renderSelftest(
  document: SelftestDocument,
  options: { readonly markdown: boolean },
): string {
  const rules = document.rules.toSorted(
    (a, b) =>
      Number(b.isBelowMark) - Number(a.isBelowMark) ||
      SELFTEST_METHODS.indexOf(a.method) - SELFTEST_METHODS.indexOf(b.method) ||
      (a.id < b.id ? -1 : 1),
  );
  const rows = rules.map((rule) => [
    options.markdown ? `\`${rule.id}\`` : rule.id,
    rule.severity,
    rule.method,
    rule.trials.length === 0
      ? '–'
      : formatCount(rule.trials.reduce((n, each) => n + each.injected, 0)),
    percent(rule.recall),
    percent(rule.falseAlarmRate),
    rule.smallestRate === null ? '–' : formatPercent(rule.smallestRate),
  ]);
  const below = rules.filter((rule) => rule.isBelowMark);
  const by = SELFTEST_METHODS.map((method) => {
    const n = rules.filter((rule) => rule.method === method).length;
    return n === 0 ? null : `${formatCount(n)} ${SELFTEST_METHOD_WORDS[method]}`;
  }).filter((each) => each !== null);
  const said = [
    `${formatCount(rules.length)} rules on ${formatCount(document.testedRows)} rows of ${spellOut(document.dataset)} (${formatCount(document.testedMedia)} with media, ${formatCount(document.encodedMedia)} clips and images encoded anew): ${by.join(', ')}.`,
    `The smallest rate is what a sample of ${formatCount(document.configuredSample)} of ${formatCount(document.rows)} clips shows 95 times in 100.`,
    below.length === 0
      ? 'Every rule has a recall of 0.95 or more and at most 1 % false alarms.'
      : `Below 0.95 recall or above 1 % false alarms: ${below.map((rule) => rule.id).join(', ')}.`,
  ];
  return `${(options.markdown ? markdownTable(rows) : textTable(rows)).join('\n')}\n\n${said.join('\n')}\n`;
}

/** Ways of trying a rule, nearest to real data first. */
export const SELFTEST_METHODS: readonly SelftestMethod[] = [
  'media',
  'rows',
  'shards',
  'versions',
  'evidence',
  'examples',
];

/** What each way is called. */
export const SELFTEST_METHOD_WORDS: Readonly<Record<SelftestMethod, string>> = {
  media: 'by media encoded anew',
  rows: 'by faults in rows',
  shards: 'by damaged files of a copy',
  versions: 'by two versions',
  evidence: 'by measured values replaced',
  examples: 'on their own examples alone',
};

function percent(ratio: number | null): string {
  return ratio === null ? '–' : formatPercent(ratio);
}

function textTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [HEAD, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function markdownTable(rows: readonly (readonly string[])[]): readonly string[] {
  return [
    `| ${HEAD.join(' | ')} |`,
    '|---|---|---|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
}
