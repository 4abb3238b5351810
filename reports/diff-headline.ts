import type { DiffDocument } from '../src/compare/diff-document.ts';
import { formatCount, formatPercent, formatPlural } from './figures.ts';

/** Changes that a headline names at most. */
const NAMED = 2;

/**
 * The comparison in one sentence: what failed, or else what changed most. A comparison that no rule fails may still have
 * replaced a tenth of the captions, and that is what its reader has to know.
 */
export function diffHeadline(diff: DiffDocument): string {
  const failed = diff.rules.filter((rule) => rule.outcome === 'failed');
  const told = (failed.length > 0 ? failed.map(ruleWords) : changesOf(diff)).slice(0, NAMED);
  if (told.length === 0) return `Nothing changed: ${diff.verdict.sentence}.`;
  const more =
    failed.length > NAMED ? ` and ${formatPlural(failed.length - NAMED, 'more rule')} failed` : '';
  const [first = '', ...rest] = told;
  const sentence = [`${first.slice(0, 1).toUpperCase()}${first.slice(1)}`, ...rest].join('; ');
  return failed.length > 0 ? `${sentence}${more}.` : `${sentence}; ${diff.verdict.sentence}.`;
}

function ruleWords(rule: DiffDocument['rules'][number]): string {
  const isWord = /^[A-Z][a-z ]/.test(rule.title);
  const title = isWord
    ? `${rule.title.slice(0, 1).toLowerCase()}${rule.title.slice(1)}`
    : rule.title;
  return `${title} (${formatCount(rule.affected)} of ${formatCount(rule.examined)})`;
}

/** Changes, those that alter what a model learns first. */
function changesOf({ captions, rowFlow, schema, media }: DiffDocument): readonly string[] {
  const kind = (name: string): number =>
    captions?.kinds.find((each) => each.kind === name)?.rows ?? 0;
  const of = formatCount(captions?.compared ?? 0);
  const gone = schema.columns.filter((column) => column.state === 'dropped').length;
  const candidates: readonly (readonly [number, string])[] = [
    [
      kind('replaced'),
      `captions were replaced by other ones in ${formatCount(kind('replaced'))} of ${of} rows`,
    ],
    [kind('emptied'), `${formatPlural(kind('emptied'), 'caption')} emptied`],
    [
      kind('case'),
      `${formatPercent(kind('case') / Math.max(1, captions?.compared ?? 1))} of captions changed in upper and lower case alone`,
    ],
    [kind('words'), `captions were edited in ${formatCount(kind('words'))} of ${of} rows`],
    [gone, `${formatPlural(gone, 'column')} dropped`],
    [
      rowFlow.removed,
      `${formatPlural(rowFlow.removed, 'row')} of ${formatCount(rowFlow.beforeRows)} removed`,
    ],
    [
      media?.pictureChanged ?? 0,
      `${formatPlural(media?.pictureChanged ?? 0, 'clip')} with another picture`,
    ],
    [rowFlow.added, `${formatPlural(rowFlow.added, 'row')} added`],
    [
      rowFlow.changed,
      `${formatPlural(rowFlow.changed, 'row')} of ${formatCount(rowFlow.beforeRows)} changed`,
    ],
    [rowFlow.rekeyed, `${formatPlural(rowFlow.rekeyed, 'row')} under another key`],
  ];
  return candidates.filter(([count]) => count > 0).map(([, words]) => words);
}
