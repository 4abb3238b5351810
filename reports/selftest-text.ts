import type { SelftestDocument, SelftestRule } from '../src/selftest/document.ts';
import { formatCount, formatPercent } from './figures.ts';
import { spellOut } from './visible-text.ts';

const HEAD = ['rule', 'severity', 'faults in', 'recall', 'false alarms', 'smallest rate'] as const;

/** The table of a self-test: a line per rule, those below the mark first. `markdown` draws it as a table of Markdown. */
export function renderSelftest(
  document: SelftestDocument,
  options: { readonly markdown: boolean },
): string {
  const rules = document.rules.toSorted(
    (a, b) =>
      Number(isBelowMark(b)) - Number(isBelowMark(a)) ||
      Number(b.method === 'rows') - Number(a.method === 'rows') ||
      (a.id < b.id ? -1 : 1),
  );
  const rows = rules.map((rule) => [
    options.markdown ? `\`${rule.id}\`` : rule.id,
    rule.severity,
    rule.method === 'rows'
      ? formatCount(rule.trials.reduce((n, each) => n + each.injected, 0))
      : rule.method,
    percent(rule.recall),
    percent(rule.falseAlarmRate),
    rule.smallestRate === null ? '–' : formatPercent(rule.smallestRate),
  ]);
  const below = rules.filter(isBelowMark);
  const onRows = rules.filter((rule) => rule.method === 'rows').length;
  const said = [
    `${formatCount(onRows)} rules were tested on ${formatCount(document.testedRows)} rows of ${spellOut(document.dataset)} (${formatCount(document.testedMedia)} with media); ${formatCount(rules.length - onRows)} on their own examples.`,
    `The smallest rate is what a sample of ${formatCount(document.configuredSample)} of ${formatCount(document.rows)} clips shows 95 times in 100.`,
    below.length === 0
      ? 'Every rule has a recall of 0.95 or more and at most 1 % false alarms.'
      : `Below 0.95 recall or above 1 % false alarms: ${below.map((rule) => rule.id).join(', ')}.`,
  ];
  return `${(options.markdown ? markdownTable(rows) : textTable(rows)).join('\n')}\n\n${said.join('\n')}\n`;
}

/** Recall below 0.95, or more than 1 % false alarms. */
export function isBelowMark(rule: SelftestRule): boolean {
  return (rule.recall ?? 1) < 0.95 || (rule.falseAlarmRate ?? 0) > 0.01;
}

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
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function markdownTable(rows: readonly (readonly string[])[]): readonly string[] {
  return [
    `| ${HEAD.join(' | ')} |`,
    '|---|---|--:|--:|--:|--:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
}
