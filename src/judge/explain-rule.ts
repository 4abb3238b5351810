import { printable } from '../config/schema-errors.ts';
import type { Rule, RuleExample, RuleOption } from './rule.ts';
import { RULE_LEVELS } from './rule-levels.ts';
import { textTable, wrapText } from './text-table.ts';

/** Everything a rule file says, for a terminal of `width` characters: what `dailies rules ID` prints. */
export function explainRule(rule: Rule, width: number): string {
  const paragraph = (name: string, text: string): string[] => labelled(name, text, width);
  return [
    `${rule.id}   ${rule.severity} · ${rule.family} · one finding a ${FINDING_UNIT[rule.scope]} · ${RULE_LEVELS[rule.level]}`,
    '',
    ...wrapText(rule.title, width),
    '',
    ...paragraph('Why', rule.why),
    ...paragraph('Step', rule.step),
    ...paragraph('Fix', rule.fix),
    ...paragraph('Says', rule.message),
    ...paragraph('Needs', rule.needs.join(', ')),
    ...(rule.suspects === null ? [] : paragraph('Suspects', rule.suspects)),
    ...rule.references.flatMap((reference) => paragraph('See', reference)),
    ...explainOptions(rule, width),
    '',
    'SQL',
    ...indent(sqlOf(rule).trimEnd().split('\n')),
    ...rule.examples.flatMap((example) => ['', ...explainExample(example)]),
    '',
  ]
    .map(printable)
    .join('\n');
}

const FINDING_UNIT = {
  clip: 'clip',
  group: 'clip of a group',
  dataset: 'shard or dataset',
  versions: 'difference of two versions',
} as const;

function explainOptions(rule: Rule, width: number): string[] {
  const options = Object.entries(rule.options);
  if (options.length === 0) return [];
  return [
    '',
    'Options',
    ...options.flatMap(([name, option]) => [
      ...hanging(
        `  ${name}   `,
        `${optionType(option)}, default ${JSON.stringify(option.default)}`,
        width,
      ),
      ...indent(wrapText(option.description, width - 6), 6),
    ]),
    '',
    ...indent([
      '# dailies.yaml',
      `rules: { options: { ${rule.id}: { ${optionSetting(options[0])} } } }`,
    ]),
  ];
}

function optionSetting(option: readonly [string, RuleOption] | undefined): string {
  return option === undefined ? '' : `${option[0]}: ${JSON.stringify(option[1].default)}`;
}

function optionType(option: RuleOption): string {
  const limits = [
    option.minimum === undefined ? null : `from ${option.minimum}`,
    option.maximum === undefined ? null : `to ${option.maximum}`,
    option.enum === undefined ? null : `one of ${option.enum.join(', ')}`,
  ].filter((each) => each !== null);
  return [option.type, ...limits].join(' ');
}

function sqlOf(rule: Rule): string {
  const eligible = rule.eligible === null ? '' : `eligible: ${rule.eligible.trim()}\n`;
  return rule.where === null
    ? `${eligible}${rule.sql ?? ''}`
    : `${eligible}where: ${rule.where.trim()}`;
}

function explainExample(example: RuleExample): string[] {
  const found =
    typeof example.finds === 'number'
      ? plural(example.finds)
      : example.finds.map((key) => `'${key}'`).join(', ');
  const isSilent =
    typeof example.finds === 'number' ? example.finds === 0 : example.finds.length === 0;
  const settings = Object.entries(example.options ?? {}).map(
    ([name, value]) => `${name} = ${JSON.stringify(value)}`,
  );
  return [
    `Example: ${isSilent ? 'stays silent' : `finds ${found}`}${example.note === undefined ? '' : ` — ${example.note}`}`,
    ...(settings.length === 0 ? [] : [`  with ${settings.join(', ')}`]),
    ...Object.entries(example.tables).flatMap(([name, rows]) => [
      `  ${name}`,
      ...indent(tableOf(rows), 4),
    ]),
  ];
}

function plural(count: number): string {
  return `${count} finding${count === 1 ? '' : 's'}`;
}

function tableOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return textTable([columns, ...rows.map((row) => columns.map((column) => cell(row[column])))]);
}

/** Longest text of a value in an example table. */
const CELL_CHARS = 48;

function cell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_CHARS ? `${text.slice(0, CELL_CHARS - 1)}…` : text;
}

function labelled(name: string, text: string, width: number): string[] {
  return hanging(name.padEnd(8), text, width);
}

/** Wrapped text behind a label; further lines stand below the text. */
function hanging(label: string, text: string, width: number): string[] {
  return wrapText(text, width - label.length).map(
    (line, i) => `${i === 0 ? label : ' '.repeat(label.length)}${line}`,
  );
}

function indent(lines: readonly string[], by = 2): string[] {
  return lines.map((line) => `${' '.repeat(by)}${line}`);
}
