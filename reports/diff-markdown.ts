import type { ChangeExample, DiffDocument } from '../src/compare/diff-document.ts';
import { columnNote } from './diff-text.ts';
import { CAPTION_WORDS, FLOW_WORDS, STATE_WORDS } from './diff-words.ts';
import { formatCount, formatPercent, formatPlural } from './figures.ts';
import { spellOut } from './visible-text.ts';
import { SEVERITY_WORDS, VERDICT_WORDS } from './words.ts';

const MOST_EXAMPLES = 10;
const MOST_COLUMNS = 30;

/** The comparison as GitHub-flavoured Markdown, for a pull request: verdict and story first, the rest folded. */
export function renderDiffMarkdown(diff: DiffDocument): string {
  const { mark, word } = VERDICT_WORDS[diff.verdict.outcome];
  const blocks = [
    `## ${mark} dailies diff: ${word}`,
    `${code(diff.before.path)} (${formatPlural(diff.before.rows, 'row')}) → ${code(diff.after.path)} (${formatPlural(diff.after.rows, 'row')})`,
    diff.story.map((sentence) => `- ${plain(sentence)}`).join('\n'),
    rules(diff),
    flow(diff),
    fold('Schema', schema(diff)),
    fold('Columns', columns(diff)),
    fold('Captions', captions(diff)),
    fold('Drift', drift(diff)),
    fold('Added, removed and re-keyed rows', rows(diff)),
    fold(
      'Not compared',
      diff.notCompared.map((gap) => `- ${plain(gap.what)}: ${plain(gap.reason)}`).join('\n'),
    ),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function rules(diff: DiffDocument): string {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  if (failed.length === 0) return '';
  const order = ['error', 'warning', 'note'];
  const lines = failed
    .toSorted(
      (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || b.affected - a.affected,
    )
    .map((rule) => {
      const example = diff.findings.find((finding) => finding.rule_id === rule.id);
      const said =
        example === undefined
          ? rule.title
          : `${example.key === null ? '' : `${example.key}: `}${example.message}`;
      return [
        `${SEVERITY_WORDS[rule.severity].mark} ${rule.severity}`,
        code(rule.id),
        formatCount(rule.affected),
        plain(said),
      ];
    });
  return tableOf(['', 'rule', 'rows', 'for example'], lines);
}

function flow(diff: DiffDocument): string {
  const names = ['unchanged', 'changed', 'rekeyed', 'added', 'removed', 'returned'] as const;
  return tableOf(
    names.map((name) => FLOW_WORDS[name]),
    [names.map((name) => formatCount(diff.rowFlow[name]))],
  );
}

function schema(diff: DiffDocument): string {
  const changed = diff.schema.columns.filter((column) => column.state !== 'same');
  return changed.length === 0
    ? ''
    : tableOf(
        ['column', 'state', 'before', 'after'],
        changed.map((column) => [
          code(column.name),
          STATE_WORDS[column.state],
          column.before === null ? '–' : `${code(column.before.name)} ${plain(column.before.type)}`,
          column.after === null ? '–' : `${code(column.after.name)} ${plain(column.after.type)}`,
        ]),
      );
}

function columns(diff: DiffDocument): string {
  const changed = diff.columns.filter((column) => column.changed > 0);
  return changed.length === 0
    ? ''
    : tableOf(
        ['column', 'rate', 'rows', ''],
        changed
          .slice(0, MOST_COLUMNS)
          .map((column) => [
            code(column.name),
            column.rate === null ? '–' : formatPercent(column.rate),
            formatCount(column.changed),
            plain(columnNote(column)),
          ]),
      );
}

function captions(diff: DiffDocument): string {
  if (diff.captions === null || diff.captions.changed === 0) return '';
  const kinds = tableOf(
    ['rows', 'what changed'],
    diff.captions.kinds.map(({ kind, rows: count }) => [formatCount(count), CAPTION_WORDS[kind]]),
  );
  const examples = diff.examples
    .filter((example) => example.captionChange !== null && example.captionChange !== 'case')
    .filter((example) => example.captionBefore !== null || example.captionAfter !== null)
    .slice(0, MOST_EXAMPLES)
    .map(captionExample);
  return [kinds, ...examples].join('\n\n');
}

function captionExample(example: ChangeExample): string {
  return [
    code(example.key ?? ''),
    '```diff',
    `- ${line(example.captionBefore)}`,
    `+ ${line(example.captionAfter)}`,
    '```',
  ].join('\n');
}

function drift(diff: DiffDocument): string {
  const moved = diff.drift.filter((each) => each.psi >= 0.01).slice(0, MOST_COLUMNS);
  return moved.length === 0
    ? ''
    : tableOf(
        ['column', 'PSI', 'KS', 'Jensen–Shannon', 'biggest change'],
        moved.map((each) => [
          code(each.name),
          each.psi.toFixed(3),
          each.ks.toFixed(3),
          each.js.toFixed(3),
          plain(each.biggest),
        ]),
      );
}

function rows(diff: DiffDocument): string {
  return diff.examples
    .filter((example) => example.state !== 'changed')
    .slice(0, 3 * MOST_EXAMPLES)
    .map((example) => {
      const key = `${example.keyBefore === null ? '' : `${code(example.keyBefore)} → `}${code(example.key ?? 'no key')}`;
      return `- ${example.state} ${key} ${plain(line(example.captionAfter ?? example.captionBefore).slice(0, 200))}`;
    })
    .join('\n');
}

function fold(title: string, body: string): string {
  return body === '' ? '' : `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

function tableOf(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Text from data: nothing in it is markup, a link, a mention or invisible. */
function plain(text: string): string {
  return spellOut(text.slice(0, 600))
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&]/g, '\\$&')
    .replaceAll('@', '@\u200C');
}

/** Text from data in code marks. */
function code(text: string): string {
  return `\`${spellOut(text.slice(0, 200)).replaceAll('`', 'ˋ').replaceAll('|', '¦')}\``;
}

/** One line inside a fenced block. */
function line(text: string | null): string {
  return spellOut((text ?? '–').slice(0, 1000)).replaceAll('```', 'ˋˋˋ');
}
