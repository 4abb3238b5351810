import type { ReportInput, RuleOutcome, RunDocument } from '../src/run/document.ts';
import {
  formatCount,
  formatInterval,
  formatPercent,
  formatPlural,
  openedWords,
} from './figures.ts';
import { rankWorst } from '../src/rank-rules.ts';
import { cutText, spellOut } from './visible-text.ts';
import { placeWords, SEVERITY_WORDS, VERDICT_WORDS } from './words.ts';

const WORST = 5;
const GAPS = 6;
const MORE = 60;

/** The verdict as GitHub-flavoured Markdown, for a step summary or a comment: read in ten seconds, the rest folded away. */
export function renderMarkdown(input: ReportInput): string {
  const { run } = input;
  const { mark, word } = VERDICT_WORDS[run.verdict.outcome];
  const ranked = rankWorst(run);
  const blocks = [
    `## ${mark} dailies: ${escape(run.dataset.name, 120)} ${word}`,
    `**${escape(run.verdict.sentence, 600)}** ${sampleWords(run)}`,
    ranked.length === 0 ? '' : ruleTable(run, ranked.slice(0, WORST)),
    baselineWords(run),
    suppressionWords(run),
    gapList(run),
    ranked.length <= WORST
      ? ''
      : `<details><summary>${formatPlural(ranked.length - WORST, 'more failed rule')}</summary>\n\n${ruleTable(run, ranked.slice(WORST, WORST + MORE))}\n\n</details>`,
    `Exit code ${run.verdict.exitCode} · gate at ${escape(run.verdict.failOn, 10)} · dailies ${escape(run.tool.version, 40)}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function sampleWords(run: RunDocument): string {
  const { sample } = run.plan;
  return sample.size < sample.population
    ? `${formatCount(sample.size)} of ${formatCount(sample.population)} clips ${openedWords(run)}.`
    : `All ${formatCount(sample.population)} clips ${openedWords(run)}.`;
}

function ruleTable(run: RunDocument, rules: readonly RuleOutcome[]): string {
  const rows = rules.map((rule) => {
    const { mark, one } = SEVERITY_WORDS[rule.severity];
    const rate = rule.rate === null ? '' : formatPercent(rule.rate);
    const interval =
      rule.isSampled && rule.interval !== null ? ` [${formatInterval(rule.interval)}]` : '';
    const isNew =
      rule.baseline === undefined
        ? ''
        : rule.baseline.outcome === 'failed'
          ? `${formatCount(rule.baseline.new)} new`
          : 'new';
    return `| ${mark} ${one} | \`${rule.id}\` | ${formatCount(rule.affected)} | ${rate}${interval} | ${isNew} | ${escape(placeWords(run, rule), 200)} |`;
  });
  return [
    '| | rule | affected | rate | since | where |',
    '|---|---|--:|--:|---|---|',
    ...rows,
  ].join('\n');
}

function baselineWords(run: RunDocument): string {
  const { baseline } = run;
  if (baseline === undefined) return '';
  return `**Against ${escape(baseline.runId, 60)}:** ${formatCount(baseline.new)} new, ${formatCount(baseline.unchanged)} unchanged, ${formatCount(baseline.absent)} gone.`;
}

function suppressionWords(run: RunDocument): string {
  const entries = run.suppressions?.entries ?? [];
  const used = entries.filter((entry) => entry.state === 'used');
  const stale = entries.filter((entry) => entry.state !== 'used');
  const suppressed = used.reduce((sum, entry) => sum + entry.suppressed, 0);
  if (entries.length === 0) return '';
  const old =
    stale.length === 0
      ? ''
      : ` ${formatPlural(stale.length, 'entry', 'entries')} expired or useless: ${stale
          .slice(0, 5)
          .map((entry) => `\`${entry.rule}\` ${escape(entry.selector, 80)} (${entry.state})`)
          .join(', ')}.`;
  return `**Suppressed:** ${formatPlural(suppressed, 'finding')} by ${formatPlural(used.length, 'entry', 'entries')}.${old}`;
}

function gapList(run: RunDocument): string {
  const gaps = run.notLookedAt.filter((gap) => !gap.what.startsWith('not-applicable:'));
  if (gaps.length === 0) return '';
  const lines = gaps
    .slice(0, GAPS)
    .map(
      (gap) => `- ${formatCount(gap.count)} ${escape(gap.what, 160)}: ${escape(gap.reason, 200)}`,
    );
  const rest = gaps.length - lines.length;
  return [
    '**Not looked at**',
    '',
    ...lines,
    ...(rest > 0 ? [`- and ${formatCount(rest)} more`] : []),
  ].join('\n');
}

/** One line in which no character has a meaning to Markdown, HTML or a mention. */
function escape(text: string, length: number): string {
  const { head, leftOut } = cutText(text, length);
  return `${spellOut(head)}${leftOut > 0 ? '…' : ''}`
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\|`*_[\]#~]/g, String.raw`\$&`)
    .replaceAll('@', '@\u200D');
}
