import type { ChangeExample, ColumnChange, DiffDocument } from '../src/compare/diff-document.ts';
import type { RuleOutcome } from '../src/run/document.ts';
import { CAPTION_WORDS, FLOW_WORDS, STATE_WORDS } from './diff-words.ts';
import { formatBytes, formatCount, formatPercent, formatPlural } from './figures.ts';
import { spellOut } from './visible-text.ts';
import { SEVERITY_WORDS, VERDICT_WORDS } from './words.ts';

export type DiffTextOptions = {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  readonly reports?: readonly { readonly name: string; readonly path: string }[];
};

type Tone = 'error' | 'warning' | 'note' | 'good' | 'faint' | 'strong' | 'removed' | 'added';
type Paint = (tone: Tone, text: string) => string;

const SGR = {
  error: '1;31',
  warning: '33',
  note: '36',
  good: '32',
  faint: '2',
  strong: '1',
  removed: '31',
  added: '32',
} as const satisfies Record<Tone, string>;

const LABEL_WIDTH = 10;
const MOST_COLUMNS = 12;

/** The comparison for a terminal: verdict, story, then rows, schema, columns, captions. Ends in a line break. */
export function renderDiffText(diff: DiffDocument, options: DiffTextOptions): string {
  const width = Math.max(60, Math.min(options.width, 110));
  const paint: Paint = (tone, text) =>
    options.colour && text !== '' ? `\u001B[${SGR[tone]}m${text}\u001B[0m` : text;
  const lines = [
    ...headLines(diff, paint),
    ...storyLines(diff, width, paint),
    ...ruleLines(diff, width, paint),
    ...section('rows', flowLines(diff, paint), paint),
    ...section('schema', schemaLines(diff, paint), paint),
    ...section('columns', columnLines(diff, width, paint), paint),
    ...section('captions', captionLines(diff, width, paint), paint),
    ...section('together', causeLines(diff, width, paint), paint),
    ...section('rules', ruleChangeLines(diff, paint), paint),
    ...section('added', keyLines(diff, 'added', width), paint),
    ...section('removed', keyLines(diff, 'removed', width), paint),
    ...section('re-keyed', keyLines(diff, 'rekeyed', width), paint),
    ...section('not compared', gapLines(diff, width, paint), paint),
    ...reportLines(options, paint),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function headLines(diff: DiffDocument, paint: Paint): readonly string[] {
  const { outcome, sentence } = diff.verdict;
  const { mark, word } = VERDICT_WORDS[outcome];
  const tone = outcome === 'passed' ? 'good' : outcome === 'failed' ? 'error' : 'warning';
  const side = (name: 'before' | 'after'): string => {
    const { path, rows, bytes, runId } = diff[name];
    const run = runId === null ? '' : `, run ${spellOut(runId)}`;
    return `  ${name.padEnd(LABEL_WIDTH)} ${spellOut(path)}  ${paint('faint', `${formatPlural(rows, 'row')}, ${formatBytes(bytes)}${run}`)}`;
  };
  return [
    '',
    `${paint(tone, `${mark} ${word}`)}  ${paint('strong', spellOut(sentence))}`,
    '',
    side('before'),
    side('after'),
  ];
}

function storyLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  return [
    '',
    ...diff.story.flatMap((sentence) =>
      wrap(spellOut(sentence), width - 4).map(
        (line, i) => `  ${i === 0 ? paint('strong', '›') : ' '} ${line}`,
      ),
    ),
  ];
}

function ruleLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  const idWidth = Math.max(...failed.map((rule) => rule.id.length), 0);
  return failed.length === 0
    ? []
    : [
        '',
        ...failed
          .toSorted(bySeverity)
          .flatMap((rule) => ruleBlock(diff, rule, idWidth, width, paint)),
      ];
}

function bySeverity(a: RuleOutcome, b: RuleOutcome): number {
  const order = ['error', 'warning', 'note'];
  return order.indexOf(a.severity) - order.indexOf(b.severity) || b.affected - a.affected;
}

function ruleBlock(
  diff: DiffDocument,
  rule: RuleOutcome,
  idWidth: number,
  width: number,
  paint: Paint,
): readonly string[] {
  const { mark, one } = SEVERITY_WORDS[rule.severity];
  const example = diff.findings.find((finding) => finding.rule_id === rule.id);
  const head = `  ${paint(rule.severity, `${mark} ${one.padEnd(7)}`)} ${paint('strong', rule.id.padEnd(idWidth))}  ${formatCount(rule.affected)}`;
  const message =
    example === undefined
      ? spellOut(rule.title)
      : `${example.key === null ? '' : `${spellOut(example.key.slice(0, 100))}: `}${spellOut(example.message.slice(0, 400))}`;
  return [head, `    ${paint('faint', fit(message, width - 4))}`];
}

function flowLines(diff: DiffDocument, paint: Paint): readonly string[] {
  const { rowFlow: flow } = diff;
  const total = Math.max(flow.beforeRows, flow.afterRows, 1);
  const parts = (['unchanged', 'changed', 'rekeyed', 'added', 'removed', 'returned'] as const)
    .filter(
      (name) => flow[name] > 0 || name === 'added' || name === 'removed' || name === 'changed',
    )
    .map((name) => `${formatCount(flow[name])} ${FLOW_WORDS[name]}`);
  const { before, after, examples } = flow.duplicateKeys;
  const keyless = flow.rowsWithoutKey.before + flow.rowsWithoutKey.after;
  return [
    `${parts.join(' · ')}  ${paint('faint', `${formatPercent(flow.unchanged / total)} the same`)}`,
    flow.keySet.isComplete
      ? paint(
          'faint',
          `every row is accounted for: keys ${flow.keySet.before} − removed + added = ${flow.keySet.after}`,
        )
      : paint('error', `key sets do not add up: ${flow.keySet.before} → ${flow.keySet.after}`),
    ...(keyless > 0
      ? [
          paint(
            'warning',
            `${formatCount(flow.rowsWithoutKey.before)} rows have no key before, ${formatCount(flow.rowsWithoutKey.after)} after: they are known by their content alone`,
          ),
        ]
      : []),
    ...(before + after > 0
      ? [
          paint(
            'warning',
            `${formatCount(before)} keys stand on several rows before, ${formatCount(after)} after (${examples.map((key) => spellOut(key.slice(0, 40))).join(', ')}${Math.max(before, after) > examples.length ? ', …' : ''}): their rows are compared as sets`,
          ),
        ]
      : []),
  ];
}

function schemaLines(diff: DiffDocument, paint: Paint): readonly string[] {
  const changed = diff.schema.columns.filter((column) => column.state !== 'same');
  const same = diff.schema.columns.length - changed.length;
  return [
    ...changed.map((column) => {
      const was =
        column.before === null
          ? ''
          : `${spellOut(column.before.name)} ${column.before.type.slice(0, 40)}`;
      const is =
        column.after === null
          ? ''
          : `${spellOut(column.after.name)} ${column.after.type.slice(0, 40)}`;
      const tone =
        column.state === 'added' ? 'added' : column.state === 'renamed' ? 'note' : 'error';
      return `${paint(tone, STATE_WORDS[column.state].padEnd(12))} ${[was, is].filter((each) => each !== '').join(' → ')}`;
    }),
    paint('faint', `${formatPlural(same, 'column')} the same`),
  ];
}

function columnLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  const changed = diff.columns.filter((column) => column.changed > 0);
  const shown = changed.slice(0, MOST_COLUMNS);
  const nameWidth = Math.min(24, Math.max(...shown.map((column) => column.name.length), 0));
  const rest = changed.length - shown.length;
  return [
    ...shown.map((column) =>
      fit(
        `${spellOut(column.name).padEnd(nameWidth)}  ${(column.rate === null ? '–' : formatPercent(column.rate)).padStart(8)}  ${formatCount(column.changed).padStart(9)}  ${columnNote(column)}`,
        width - LABEL_WIDTH - 3,
      ),
    ),
    ...(rest > 0 ? [paint('faint', `and ${rest} more`)] : []),
    ...(changed.length === 0 ? [paint('faint', 'no value changed')] : []),
  ];
}

/** The best short explanation of a column's changes. */
export function columnNote(column: ColumnChange): string {
  const share = (rows: number): string => formatPercent(rows / Math.max(1, column.changed));
  if (column.isAllNullNow) return 'no row has a value any more';
  if (column.substitution !== null)
    return `'${spellOut(column.substitution.from)}' → '${spellOut(column.substitution.to)}' (${share(column.substitution.rows)})`;
  if (column.swapped !== null && column.swapped.share >= 0.2)
    return `changed places with ${spellOut(column.swapped.with)} (${share(column.swapped.rows)})`;
  if (column.numbers?.factor != null)
    return `${column.numbers.factor.meaning} (${share(column.numbers.factor.rows)})`;
  if (column.nulled > column.changed / 2) return `emptied in ${share(column.nulled)}`;
  if (column.filled > column.changed / 2) return `filled in ${share(column.filled)}`;
  const [first, second] = column.transitions;
  if (first !== undefined)
    return [first, second]
      .filter((each) => each !== undefined)
      .map(
        (each) =>
          `${spellOut(each.before).slice(0, 30)} → ${spellOut(each.after).slice(0, 30)} (${share(each.rows)})`,
      )
      .join(', ');
  if (column.numbers !== null)
    return `${formatCount(column.numbers.up)} up, ${formatCount(column.numbers.down)} down, median ${column.numbers.medianDelta === null ? '–' : Number(column.numbers.medianDelta.toPrecision(4))}`;
  return '';
}

function captionLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  const { captions } = diff;
  if (captions === null || captions.changed === 0) return [];
  const inner = width - LABEL_WIDTH - 3;
  const lines = captions.kinds.flatMap(({ kind, rows }) => {
    const isReal = ['words', 'replaced', 'emptied', 'filled'].includes(kind);
    const examples = diff.examples
      .filter((example) => example.captionChange === kind)
      .slice(0, isReal ? 3 : 1);
    return [
      `${formatCount(rows).padStart(9)}  ${paint(isReal ? 'warning' : 'faint', CAPTION_WORDS[kind])}`,
      ...examples.flatMap((example) => wordDiff(example, inner - 11, paint)),
    ];
  });
  const more = [
    ...(captions.moved > 1
      ? [
          paint(
            'error',
            `${formatCount(captions.moved)} captions stood with another key before${
              captions.offset === null
                ? ''
                : `, ${formatCount(captions.offset.count)} of them ${Math.abs(captions.offset.rows)} rows ${captions.offset.rows > 0 ? 'further down' : 'further up'}`
            }`,
          ),
        ]
      : []),
    ...(captions.notCompared === null ? [] : [paint('faint', captions.notCompared)]),
  ];
  return [...lines, ...more];
}

/** Two lines: what stood there, what stands there, from the first difference on. */
function wordDiff(example: ChangeExample, width: number, paint: Paint): readonly string[] {
  const indent = ' '.repeat(11);
  const key = `${indent}${paint('faint', fit(spellOut(example.key ?? ''), width))}`;
  if (example.captionBefore === null && example.captionAfter === null) return [key];
  const was = spellOut((example.captionBefore ?? '–').slice(0, 1000));
  const is = spellOut((example.captionAfter ?? '–').slice(0, 1000));
  let start = 0;
  while (start < Math.min(was.length, is.length) && was[start] === is[start]) start++;
  const from = start < 40 ? 0 : was.lastIndexOf(' ', start - 20) + 1;
  const cut = (text: string): string => fit(`${from > 0 ? '…' : ''}${text.slice(from)}`, width - 4);
  return [
    key,
    `${indent}${paint('removed', `− ${cut(was)}`)}`,
    `${indent}${paint('added', `+ ${cut(is)}`)}`,
  ];
}

function causeLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  return diff.causes.slice(0, 5).flatMap((cause) => {
    const where =
      cause.shards.of < 2
        ? ''
        : cause.shards.hit === cause.shards.of
          ? 'in all shards'
          : cause.shards.isRun && cause.shards.hit > 1
            ? `all in shards ${spellOut(cause.shards.first)} – ${spellOut(cause.shards.last)}`
            : cause.shards.hit === 1
              ? `all in ${spellOut(cause.shards.first)}`
              : `in ${cause.shards.hit} of ${cause.shards.of} shards`;
    const names = cause.columns.map((name) => spellOut(name)).join(' + ');
    const room = width - LABEL_WIDTH - 14;
    const head = `${formatCount(cause.rows).padStart(9)}  ${fit(names, room)}`;
    if (where === '') return [head];
    return names.length + 2 + where.length <= room
      ? [`${head}  ${paint('faint', where)}`]
      : [head, `${' '.repeat(11)}${paint('faint', fit(where, room))}`];
  });
}

function rate(each: { readonly affected: number; readonly examined: number }): number {
  return each.affected / Math.max(1, each.examined);
}

/** Rules whose rate differs between two runs, risen ones first. */
function ruleChangeLines(diff: DiffDocument, paint: Paint): readonly string[] {
  if (diff.baseline === null) return [];
  const changed = diff.ruleChanges.filter(
    (each) => rate(each.before) !== rate(each.after) || each.new + each.absent > 0,
  );
  const idWidth = Math.max(...changed.map((each) => each.id.length), 0);
  const { baseline } = diff;
  return [
    `findings: ${formatCount(baseline.new)} new · ${formatCount(baseline.unchanged)} unchanged · ${formatCount(baseline.absent)} absent${baseline.unknown > 0 ? ` · ${formatCount(baseline.unknown)} unknown` : ''}`,
    ...changed
      .toSorted((a, b) => a.riseP - b.riseP || (a.id < b.id ? -1 : 1))
      .slice(0, 8)
      .map((each) => {
        const hasRisen = each.riseP < 0.01;
        return `${hasRisen ? paint('error', '▲') : rate(each.after) < rate(each.before) ? paint('good', '▼') : ' '} ${each.id.padEnd(idWidth)}  ${formatPercent(rate(each.before))} → ${formatPercent(rate(each.after))}`;
      }),
  ];
}

function keyLines(
  diff: DiffDocument,
  state: 'added' | 'removed' | 'rekeyed',
  width: number,
): readonly string[] {
  const examples = diff.examples.filter((example) => example.state === state).slice(0, 5);
  const total = diff.rowFlow[state];
  if (total === 0) return [];
  return [
    ...examples.map((example) => {
      const key = `${example.keyBefore === null ? '' : `${spellOut(example.keyBefore)} → `}${spellOut(example.key ?? 'no key')}`;
      const caption = example.captionAfter ?? example.captionBefore ?? '';
      return fit(`${key}  ${spellOut(caption.slice(0, 200))}`, width - LABEL_WIDTH - 3);
    }),
    ...(total > examples.length ? [`… ${formatCount(total)} in all`] : []),
  ];
}

function gapLines(diff: DiffDocument, width: number, paint: Paint): readonly string[] {
  return diff.notCompared
    .slice(0, 8)
    .map((gap) => fit(`${spellOut(gap.what)}: ${paint('faint', spellOut(gap.reason))}`, width));
}

function reportLines(options: DiffTextOptions, paint: Paint): readonly string[] {
  const reports = options.reports ?? [];
  return reports.length === 0
    ? []
    : [
        '',
        ...reports.map(
          ({ name, path }) => `  ${paint('faint', name.padEnd(LABEL_WIDTH))} ${spellOut(path)}`,
        ),
      ];
}

function section(label: string, lines: readonly string[], paint: Paint): readonly string[] {
  if (lines.length === 0) return [];
  const wide = Math.max(LABEL_WIDTH, label.length);
  return [
    '',
    ...lines.map(
      (line, i) => `  ${i === 0 ? paint('strong', label.padEnd(wide)) : ' '.repeat(wide)} ${line}`,
    ),
  ];
}

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

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
