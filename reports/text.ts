import type { Severity } from '../src/judge/rule.ts';
import type { Finding, RuleOutcome, RunDocument } from '../src/run/document.ts';
import {
  formatDatasetBytes,
  formatCount,
  formatInterval,
  formatPercent,
  formatPlural,
  openedWords,
} from './figures.ts';
import { rankFailed } from '../src/rank-rules.ts';
import { densityByRow } from './row-density.ts';
import { densityByShard } from './shard-density.ts';
import { PAGE_WORDS, placeWords, unitsOf, SEVERITY_WORDS, VERDICT_WORDS } from './words.ts';
import { spellOut } from './visible-text.ts';

/** What the verdict on a terminal needs beside the run. */
export type TextOptions = {
  /** Whether to write ANSI colours; the caller knows the terminal and NO_COLOR. */
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** The first finding of each rule gives its example. */
  readonly findings?: readonly Finding[];
  /** Where the reports lie: `report`, `dailies-run/report.html`. */
  readonly reports?: readonly { readonly name: string; readonly path: string }[];
  /** Failed rules that get a block of their own; the rest get one line. */
  readonly rulesInFull?: number;
};

type Tone = 'error' | 'warning' | 'note' | 'good' | 'faint' | 'strong';

/** SGR codes of the 16 colours every terminal has, so that its own theme decides how they look. */
const SGR = {
  error: '1;31',
  warning: '33',
  note: '36',
  good: '32',
  faint: '2',
  strong: '1',
} as const satisfies Record<Tone, string>;

/** Columns of the strip of shards, and the eighths it is drawn with. */
const STRIP_WIDTH = 32;
const BLOCKS = '▁▂▃▄▅▆▇█';
const INDENT = 2;
/** Gaps told one by one; the rest is in the report. */
const GAPS_MAX = 8;

/** The verdict for a terminal: verdict, failed rules, what was not looked at, where the reports lie. Ends in a line break. */
export function renderText(run: RunDocument, options: TextOptions): string {
  const width = Math.max(60, Math.min(options.width, 110));
  const paint = (tone: Tone, text: string): string =>
    options.colour && text !== '' ? `\u001B[${SGR[tone]}m${text}\u001B[0m` : text;
  const lines = [
    ...verdictLines(run, width, paint),
    ...ruleBlocks(run, options, width, paint),
    ...baselineLines(run, paint),
    ...suppressionLines(run, width, paint),
    ...gapLines(run, width, paint),
    ...reportLines(options, paint),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

type Paint = (tone: Tone, text: string) => string;

const OUTCOME_TONE = { passed: 'good', failed: 'error', incomplete: 'warning' } as const;

function verdictLines(run: RunDocument, width: number, paint: Paint): readonly string[] {
  const { outcome } = run.verdict;
  const { mark, word } = VERDICT_WORDS[outcome];
  const stamp = `${mark} ${word}`;
  const hang = stamp.length + 2;
  const [first = '', ...rest] = wrap(spellOut(run.verdict.sentence), width - hang);
  const { outcomes, failed } = run.verdict;
  const tally: readonly (readonly [Tone | null, string])[] = [
    ...(['error', 'warning', 'note'] as const)
      .filter((severity) => failed[severity] > 0)
      .map((severity) => [severity, severityCount(severity, failed[severity])] as const),
    ...(outcomes.incomplete > 0 ? [['warning', `${outcomes.incomplete} incomplete`] as const] : []),
    ...(outcomes.errored > 0 ? [['warning', `${outcomes.errored} errored`] as const] : []),
    [null, `${outcomes.passed} passed`],
    ['faint', `${outcomes['not-applicable']} not applicable`],
  ];
  const { dataset, plan } = run;
  const isSample = plan.sample.size < plan.sample.population;
  return [
    '',
    `${paint(OUTCOME_TONE[outcome], stamp)}  ${paint('strong', first)}`,
    ...rest.map((line) => ' '.repeat(hang) + paint('strong', line)),
    '',
    ...tallyLines(tally, width - INDENT, paint).map((line) => `  ${line}`),
    ...wrap(
      `${formatPlural(dataset.rows, 'row')} in ${formatPlural(dataset.shards.length, 'shard')}, ${formatDatasetBytes(dataset)}; ${
        run.probes.length === 0
          ? 'no media opened'
          : isSample
            ? `${formatCount(plan.sample.size)} clips ${openedWords(run)} as a sample`
            : `all ${formatCount(plan.sample.size)} clips ${openedWords(run)}`
      }`,
      width - INDENT,
    ).map((line) => `  ${paint('faint', line)}`),
  ];
}

function severityCount(severity: Severity, count: number): string {
  const { mark, one, many } = SEVERITY_WORDS[severity];
  return `${mark} ${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Items between dots, on as many lines as they need. */
function tallyLines(
  items: readonly (readonly [Tone | null, string])[],
  width: number,
  paint: Paint,
): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let length = 0;
  for (const [tone, text] of items) {
    const painted = tone === null ? text : paint(tone, text);
    if (length > 0 && length + 3 + text.length > width) {
      lines.push(line);
      [line, length] = [painted, text.length];
    } else {
      line = length === 0 ? painted : line + paint('faint', ' · ') + painted;
      length += text.length + (length === 0 ? 0 : 3);
    }
  }
  return [...lines, line];
}

function ruleBlocks(
  run: RunDocument,
  options: TextOptions,
  width: number,
  paint: Paint,
): readonly string[] {
  const failed = rankFailed(run);
  const full = failed.slice(0, options.rulesInFull ?? 12);
  const brief = failed.slice(full.length);
  const idWidth = Math.max(...full.map((rule) => rule.id.length), 0);
  const examples = new Map<string, Finding>();
  for (const finding of options.findings ?? [])
    if (!examples.has(finding.rule_id)) examples.set(finding.rule_id, finding);
  const lines = full.flatMap((rule) => [
    '',
    ...ruleBlock(
      run,
      rule,
      { findings: options.findings ?? [], example: examples.get(rule.id) },
      idWidth,
      width,
      paint,
    ),
  ]);
  if (brief.length === 0) return lines;
  return [
    ...lines,
    '',
    ...wrap(
      `and ${brief.map((rule) => `${rule.id} (${formatCount(rule.affected)})`).join(', ')}`,
      width - INDENT,
    ).map((line) => `  ${paint('faint', line)}`),
  ];
}

function ruleBlock(
  run: RunDocument,
  rule: RuleOutcome,
  known: { readonly findings: readonly Finding[]; readonly example: Finding | undefined },
  idWidth: number,
  width: number,
  paint: Paint,
): readonly string[] {
  const { mark, one } = SEVERITY_WORDS[rule.severity];
  const rate = rule.rate === null ? '' : formatPercent(rule.rate);
  const interval =
    rule.isSampled && rule.interval !== null ? ` [${formatInterval(rule.interval)}]` : '';
  const extent = `${formatCount(rule.affected)} of ${formatCount(rule.examined)} ${unitsOf(rule).many}`;
  const indent = ' '.repeat(INDENT + 2);
  const inner = width - indent.length;
  const left = `${mark} ${one.padEnd(7)} ${rule.id.padEnd(idWidth)}  ${rate.padStart(8)}${interval}`;
  const isLong = INDENT + left.length + 2 + extent.length > width;
  const head = `  ${paint(rule.severity, `${mark} ${one.padEnd(7)}`)} ${paint('strong', rule.id.padEnd(idWidth))}  ${paint(rule.severity, rate.padStart(8))}${paint('faint', interval)}${isLong ? '' : `  ${extent}`}`;
  const { example } = known;
  const byRow = rowStrip(run, rule, known.findings);
  const strip = byRow === '' ? shardStrip(run, rule) : byRow;
  const legend =
    byRow === ''
      ? `${formatCount(run.dataset.shards.length)} shards in order`
      : `${formatCount(run.dataset.rows)} rows in order`;
  const place = placeWords(run, rule);
  const isBeside = strip !== '' && place !== '' && place.length <= inner - STRIP_WIDTH - 4;
  const where = isBeside
    ? [`${indent}${paint(rule.severity, strip)}  ${place}`]
    : [
        ...(strip === ''
          ? []
          : [`${indent}${paint(rule.severity, strip)}  ${paint('faint', legend)}`]),
        ...wrap(place, inner).map((line) => indent + line),
      ];
  const said =
    example === undefined
      ? []
      : wrapAtMost(
          `e.g. ${namePlace(example)}${spellOut(example.message.slice(0, 400))}`,
          inner,
          2,
        ).map((line) => indent + paint('faint', line));
  const advice = isAdvised(rule)
    ? wrapAtMost(`what to do: ${spellOut(rule.fix)}`, inner, 2).map((line) => indent + line)
    : [];
  return [head, ...(isLong ? [indent + extent] : []), ...where, ...said, ...advice];
}

/** Whether a rule says on the terminal what to do: it hit all rows, or shards that rules could not look into. */
function isAdvised(rule: RuleOutcome): boolean {
  return (
    (rule.severity === 'error' && rule.affected > 1 && rule.affected === rule.examined) ||
    rule.id === 'unreadable-shard' ||
    rule.id === 'schema-drift'
  );
}

/** The clip of a finding, or where it lies if that has no name: `part-7.parquet: `, `part-7.parquet row 12: `. */
function namePlace({ key, shard, row_number: row }: Finding): string {
  const name = key ?? (shard === null || row === null ? shard : `${shard} row ${row}`);
  return name === null ? '' : `${spellOut(name.slice(0, 200))}: `;
}

/** Density of hits by row, where shards are too few to say where. */
function rowStrip(run: RunDocument, rule: RuleOutcome, findings: readonly Finding[]): string {
  const cells = densityByRow(run, rule, findings, STRIP_WIDTH);
  if (cells === null) return '';
  const drawn = cells.map((cell) =>
    cell.affected === 0
      ? ' '
      : (BLOCKS[Math.min(7, Math.ceil((cell.affected / (cell.to - cell.from)) * 8) - 1)] ?? ' '),
  );
  return `▕${drawn.join('')}▏`;
}

/** Density of hits by shard in manifest order, one character a cell: `▕    ▂█▇  ▏`. */
function shardStrip(run: RunDocument, rule: RuleOutcome): string {
  const { shards } = run.dataset;
  if (rule.localisation === null || shards.length < 4) return '';
  const cells = densityByShard(shards, rule.localisation.shards, STRIP_WIDTH);
  const peak = Math.max(...cells.map((cell) => cell.rate));
  const drawn = cells.map((cell) => {
    if (cell.affected > 0 && peak > 0)
      return BLOCKS[Math.min(7, Math.ceil((cell.rate / peak) * 8) - 1)] ?? ' ';
    return cell.isUnread ? '?' : ' ';
  });
  return `▕${drawn.join('')}▏`;
}

/** What the suppression file did: rules with accepted findings, and entries that do nothing any more. */
function suppressionLines(run: RunDocument, width: number, paint: Paint): readonly string[] {
  const entries = run.suppressions?.entries ?? [];
  if (entries.length === 0) return [];
  const lines = entries
    .filter((entry) => entry.state !== 'not-judged')
    .slice(0, GAPS_MAX)
    .map((entry) => {
      const until = entry.until === null ? '' : `, until ${entry.until}`;
      const did = entry.state === 'used' ? formatCount(entry.suppressed) : entry.state;
      const text = `${did} ${entry.rule}: ${spellOut(entry.reason.slice(0, 200))} (${spellOut(entry.selector.slice(0, 200))}${until})`;
      return `    ${fit(text, width - 4)}`;
    });
  const rest = entries.length - lines.length;
  return [
    '',
    `  ${paint('strong', 'suppressed')}`,
    ...lines,
    ...(rest > 0 ? [`    ${paint('faint', `and ${formatPlural(rest, 'entry', 'entries')}`)}`] : []),
  ];
}

/** What was not looked at; rules without anything to work on share one line. */
/** What became of the findings of an earlier run, and the rules whose rate rose. */
function baselineLines(run: RunDocument, paint: Paint): readonly string[] {
  const { baseline } = run;
  if (baseline === undefined) return [];
  const risen = run.rules.filter(
    (rule) => rule.baseline !== undefined && rule.baseline.riseP < 0.01 && rule.rate !== null,
  );
  return [
    '',
    `  ${paint('strong', `against run ${spellOut(baseline.runId)}`)}  ${formatCount(baseline.new)} new · ${formatCount(baseline.unchanged)} unchanged · ${formatCount(baseline.absent)} absent${baseline.unknown > 0 ? ` · ${formatCount(baseline.unknown)} unknown` : ''}`,
    ...risen
      .slice(0, 8)
      .map(
        (rule) =>
          `    ${paint(rule.severity, rule.id)}  ${formatPercent(rule.baseline?.rate ?? 0)} → ${formatPercent(rule.rate ?? 0)}`,
      ),
  ];
}

function idleGap(why: string, rules: RunDocument['rules']): RunDocument['notLookedAt'] {
  if (rules.length === 0) return [];
  const what = `${rules.length === 1 ? 'rule' : 'rules'} ${why}`;
  return [{ what, count: rules.length, reason: rules.map((rule) => rule.id).join(', ') }];
}

function gapLines(run: RunDocument, width: number, paint: Paint): readonly string[] {
  const idle = run.rules.filter(
    (rule) => rule.outcome === 'not-applicable' && rule.scope !== 'versions',
  );
  const tier = idle
    .flatMap((rule) => /^--tier \w+ /.exec(rule.reason ?? '') ?? [])
    .at(0)
    ?.trim();
  const deeper = idle.filter(
    (rule) => rule.reason?.startsWith(`${tier ?? ''} `) === true && tier !== undefined,
  );
  const gaps = [
    ...run.notLookedAt.filter((gap) => !gap.what.startsWith('not-applicable:')).slice(0, GAPS_MAX),
    ...idleGap(`beyond the reach of ${tier ?? ''}`, deeper),
    ...idleGap(
      'with nothing to work on',
      idle.filter((rule) => !deeper.includes(rule)),
    ),
  ];
  if (gaps.length === 0) return [];
  const counts = gaps.map((gap) => formatCount(gap.count));
  const widest = Math.max(...counts.map((count) => count.length));
  const indent = ' '.repeat(INDENT * 2 + widest + 2);
  return [
    '',
    `  ${paint('strong', PAGE_WORDS.notLookedAt.toLowerCase())}`,
    ...gaps.flatMap((gap, index) => {
      const what = `${spellOut(gap.what.slice(0, 200))}: `;
      const [first = '', ...rest] = wrapAtMost(
        what + spellOut(gap.reason.slice(0, 400)),
        width - indent.length,
        2,
      );
      return [
        `    ${(counts[index] ?? '').padStart(widest)}  ${first.slice(0, what.length)}${paint('faint', first.slice(what.length))}`,
        ...rest.map((line) => indent + paint('faint', line)),
      ];
    }),
  ];
}

function reportLines(options: TextOptions, paint: Paint): readonly string[] {
  const reports = options.reports ?? [];
  if (reports.length === 0) return [];
  const widest = Math.max(...reports.map((report) => report.name.length));
  return [
    '',
    ...reports.map(
      (report) => `  ${paint('faint', report.name.padEnd(widest))}  ${spellOut(report.path)}`,
    ),
  ];
}

/** Words on lines of at most `width` characters. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** At most so many lines; what does not fit ends in an ellipsis. */
function wrapAtMost(text: string, width: number, lines: number): readonly string[] {
  const wrapped = wrap(text, width).map((line) => fit(line, width));
  const last = wrapped[lines - 1];
  if (wrapped.length <= lines || last === undefined) return wrapped;
  return [...wrapped.slice(0, lines - 1), `${last.slice(0, width - 1).trimEnd()}…`];
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
