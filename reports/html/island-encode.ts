import { gzipSync } from 'node:zlib';
import type { Finding, ReportInput } from '../../src/run/document.ts';
import { cutText } from '../visible-text.ts';
import { HOLE_CLOSE, HOLE_OPEN, type Island, type IslandGroup, valueText } from './island.ts';

/** Lengths that a finding's texts are cut to in the page; findings.parquet has them whole. */
const KEY_LENGTH = 1000;
const MESSAGE_LENGTH = 600;
const VALUE_LENGTH = 300;
const COLUMNS_MAX = 40;
/** Longer lists are evidence for machines: only their length is shown. */
const LIST_LENGTH = 8;

/** The findings packed for the page: base64 of gzip of {@link Island}, rules in the given order. */
export function encodeIsland(input: ReportInput, ruleOrder: readonly string[]): string {
  return gzipSync(JSON.stringify(buildIsland(input, ruleOrder)), { level: 9 }).toString('base64');
}

/** The findings as columns, by rule, shard and row. */
export function buildIsland(input: ReportInput, ruleOrder: readonly string[]): Island {
  const byRule = new Map<string, Finding[]>(ruleOrder.map((rule) => [rule, []]));
  for (const finding of input.findings) {
    const list = byRule.get(finding.rule_id);
    if (list === undefined) byRule.set(finding.rule_id, [finding]);
    else list.push(finding);
  }
  const shards = [
    ...new Set([
      ...input.run.dataset.shards.map((shard) => shard.name),
      ...input.findings.flatMap((finding) => (finding.shard === null ? [] : [finding.shard])),
    ]),
  ];
  const shardIndex = new Map(shards.map((name, index) => [name, index]));
  const titles = new Map(input.run.rules.map((rule) => [rule.id, rule.title]));
  const groups = [...byRule].flatMap(([rule, findings]) =>
    findings.length === 0
      ? []
      : [encodeGroup(rule, titles.get(rule) ?? rule, findings, shardIndex)],
  );
  return { version: 1, shards: shards.map((name) => cutText(name, KEY_LENGTH).head), groups };
}

function encodeGroup(
  rule: string,
  title: string,
  findings: readonly Finding[],
  shardIndex: ReadonlyMap<string, number>,
): IslandGroup {
  const shardOf = (finding: Finding): number =>
    finding.shard === null ? -1 : (shardIndex.get(finding.shard) ?? -1);
  const sorted = findings
    .map((finding, index) => ({ finding, index, shard: shardOf(finding) }))
    .toSorted(
      (a, b) =>
        a.shard - b.shard ||
        (a.finding.row_number ?? -1) - (b.finding.row_number ?? -1) ||
        a.index - b.index,
    );
  const names = [...new Set(findings.flatMap((finding) => Object.keys(finding.values)))].slice(
    0,
    COLUMNS_MAX,
  );
  const templates = new Map<string, number>();
  const templateOf: number[] = [];
  const numbers: string[] = [];
  const shardSteps: number[] = [];
  const rowSteps: (number | null)[] = [];
  let lastShard = 0;
  let lastRow = 0;
  for (const { finding, shard } of sorted) {
    shardSteps.push(shard - lastShard);
    if (shard !== lastShard) lastRow = 0;
    lastShard = shard;
    rowSteps.push(finding.row_number === null ? null : finding.row_number - lastRow);
    lastRow = finding.row_number ?? lastRow;
    const holed = punchHoles(finding, names);
    const known = templates.get(holed.template) ?? templates.size;
    templates.set(holed.template, known);
    templateOf.push(known);
    numbers.push(...holed.numbers);
  }
  return {
    rule,
    severity: findings[0]?.severity ?? 'note',
    title,
    count: sorted.length,
    keys: sorted.map(({ finding }) =>
      finding.key === null ? null : cutText(finding.key, KEY_LENGTH).head,
    ),
    states: findings.some((finding) => finding.baseline !== undefined)
      ? sorted.map(({ finding }) => finding.baseline ?? 'unknown')
      : [],
    shardSteps,
    rowSteps,
    templates: [...templates.keys()],
    templateOf,
    numbers,
    names,
    columns: names.map((name) => sorted.map(({ finding }) => shorten(finding.values[name]))),
  };
}

/** Numbers with nothing alphanumeric beside them. */
const NUMBER = /(?<![\p{L}\p{N}_.])\d+(?:\.\d+)?(?![\p{L}\p{N}_])/gu;

/** A message as a template over the row's values and the numbers that are left. */
function punchHoles(
  finding: Finding,
  names: readonly string[],
): { readonly template: string; readonly numbers: readonly string[] } {
  const message = cutText(finding.message, MESSAGE_LENGTH).head.replaceAll(
    // oxlint-disable-next-line no-control-regex -- the two that the encoding itself uses
    /[\u0001\u0002]/g,
    '\uFFFD',
  );
  const holes = names
    .map((name, index) => ({ text: valueText(shorten(finding.values[name])), index }))
    .filter(({ text }) => text.length > 1)
    .toSorted((a, b) => b.text.length - a.text.length || a.index - b.index);
  let pieces: readonly string[] = [message];
  for (const { text, index } of holes) {
    pieces = pieces.flatMap((piece) => {
      if (piece.startsWith(HOLE_OPEN)) return [piece];
      const at = indexOfWord(piece, text);
      return at < 0
        ? [piece]
        : [piece.slice(0, at), `${HOLE_OPEN}${index}${HOLE_CLOSE}`, piece.slice(at + text.length)];
    });
  }
  const numbers: string[] = [];
  const template = pieces
    .map((piece) =>
      piece.startsWith(HOLE_OPEN)
        ? piece
        : piece.replaceAll(NUMBER, (number) => {
            numbers.push(number);
            return HOLE_OPEN + HOLE_CLOSE;
          }),
    )
    .join('');
  return { template, numbers };
}

function indexOfWord(text: string, word: string): number {
  const isWordy = /[\p{L}\p{N}_.]/u;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + word.length] ?? ' ';
    const isDot = after === '.' && !/\d/.test(text[at + word.length + 1] ?? ' ');
    if (!isWordy.test(before) && (isDot || !isWordy.test(after))) return at;
  }
  return -1;
}

function shorten(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isInteger(value) ? value : Number(value.toPrecision(6));
  if (Array.isArray(value) && value.length > LIST_LENGTH) return `${value.length} values`;
  const text = valueText(value);
  if (text.length <= VALUE_LENGTH) return value;
  const { head, leftOut } = cutText(text, VALUE_LENGTH);
  return `${head}… (${leftOut.toLocaleString('en-US')} more characters)`;
}
