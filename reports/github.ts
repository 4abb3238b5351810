import type { ReportInput } from '../src/run/document.ts';
import { listSlices, type Slice } from './slices.ts';
import { spellOut } from './visible-text.ts';

/** Annotations of each level that GitHub shows of one step (docs.github.com, "Usage limits"). */
const MOST_OF_A_LEVEL = 10;

/** Slices of one rule that become annotations, so that one rule does not take all the room. */
const MOST_OF_A_RULE = 3;

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

/**
 * GitHub Actions workflow commands, one annotation per failed rule and shard: `::error file=…,line=…,title=…::message`.
 * For stdout of a step; the summary is {@link renderMarkdown}'s.
 */
export function renderGithub(input: ReportInput): string {
  const left = { error: MOST_OF_A_LEVEL, warning: MOST_OF_A_LEVEL, note: MOST_OF_A_LEVEL };
  const ofRule = new Map<string, number>();
  const lines: string[] = [];
  for (const slice of listSlices(input, 5_000)) {
    const { id, severity } = slice.rule;
    const told = ofRule.get(id) ?? 0;
    if (told >= MOST_OF_A_RULE || left[severity] === 0) continue;
    ofRule.set(id, told + 1);
    left[severity] -= 1;
    lines.push(annotate(slice));
  }
  const blocked = input.run.rules.filter(
    (rule) => rule.outcome === 'incomplete' || rule.outcome === 'errored',
  );
  for (const rule of blocked.slice(0, left.warning)) {
    const text = `${rule.id} could not be judged: ${spellOut(rule.reason ?? '')}`;
    lines.push(`::warning title=${property(`dailies: ${rule.outcome}`)}::${data(text)}`);
  }
  const { outcome, sentence } = input.run.verdict;
  const level = outcome === 'failed' ? 'error' : outcome === 'incomplete' ? 'warning' : 'notice';
  lines.push(`::${level} title=${property(`dailies: ${outcome}`)}::${data(spellOut(sentence))}`);
  return `${lines.join('\n')}\n`;
}

function annotate(slice: Slice): string {
  const file = slice.shard === null ? '' : `file=${property(spellOut(slice.shard))},`;
  const line = slice.rowNumber === null ? '' : `line=${slice.rowNumber + 1},`;
  const title = property(`dailies ${slice.rule.id}`);
  return `::${COMMANDS[slice.rule.severity]} ${file}${line}title=${title}::${data(slice.message)}`;
}

/** Text of a command: no character of it may end the command. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
