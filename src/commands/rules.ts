import { resolve } from 'node:path';

import { didYouMean } from '../config/did-you-mean.ts';
import { loadConfig } from '../config/load-config.ts';
import { DailiesError } from '../dailies-error.ts';
import { explainRule } from '../judge/explain-rule.ts';
import { loadRules } from '../judge/load-rules.ts';
import type { Rule } from '../judge/rule.ts';
import { RULE_LEVELS } from '../judge/rule-levels.ts';
import { renderRulesReadme } from '../judge/rules-readme.ts';
import { textTable } from '../judge/text-table.ts';
import type { CommandContext } from './command-context.ts';
import type { RulesFlags } from './flags.ts';

/** Widest text for people to read. */
const WIDEST = 100;

/**
 * Lists all rules, or explains the one with the given id. Rules come with dailies, from dailies.yaml and from `--rules`.
 *
 * @throws {DailiesError} usage, for an id that no rule has.
 */
export async function runRules(
  id: string | undefined,
  flags: RulesFlags,
  context: CommandContext,
): Promise<number> {
  const config = await loadConfig(null, context.cwd);
  const own = flags.rules.map((folder) => resolve(context.cwd, folder));
  const rules = await loadRules([...config.rules.dirs, ...own]);
  const chosen = id === undefined ? rules : [findRule(rules, id)];
  context.stdout.write(render(chosen, id !== undefined, flags.format, context.stdout.columns));
  return 0;
}

function findRule(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((each) => each.id === id);
  if (rule !== undefined) return rule;
  const ids = rules.map((each) => each.id);
  throw new DailiesError('usage', `unknown rule '${id}'${didYouMean(id, ids)}`, {
    hint: `'dailies rules' lists all ${ids.length}`,
  });
}

function render(
  rules: readonly Rule[],
  isOne: boolean,
  format: RulesFlags['format'],
  columns: number,
): string {
  if (format === 'json') return `${JSON.stringify(isOne ? rules[0] : rules, null, 2)}\n`;
  if (format === 'markdown') return renderRulesReadme(rules);
  const [first] = rules;
  if (isOne && first !== undefined) return explainRule(first, Math.min(columns, WIDEST));
  return listRules(rules);
}

function listRules(rules: readonly Rule[]): string {
  const families = [...new Set(rules.map((rule) => rule.family))].toSorted();
  const rows = families.flatMap((family) =>
    rules
      .filter((rule) => rule.family === family)
      .map((rule) => [rule.family, rule.id, rule.severity, RULE_LEVELS[rule.level], rule.title]),
  );
  const table = textTable([['family', 'rule', 'severity', 'looks at', 'finds'], ...rows]);
  return `${[...table, '', `${rules.length} rules; 'dailies rules ID' explains one`].join('\n')}\n`;
}
