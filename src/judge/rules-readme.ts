import type { Rule } from './rule.ts';
import { RULE_LEVELS } from './rule-levels.ts';

/** The Markdown page that lists all rules by family: `rules/README.md`, written by `npm run generate`. */
export function renderRulesReadme(rules: readonly Rule[]): string {
  const families = [...new Set(rules.map((rule) => rule.family))].toSorted();
  return [
    '<!-- Written by `npm run generate`; do not edit. -->',
    '# Rules',
    '',
    `${rules.length} rules in ${families.length} families. \`dailies rules ID\` prints one whole: why it matters, the pipeline step that`,
    'most likely did it, how to mend it, its options, its SQL, and examples that are also its tests.',
    '',
    '`error` blocks a release, `warning` wants a fix before training, `note` is a trend to know about.',
    ...families.flatMap((family) => [
      '',
      `## ${family}`,
      '',
      '| rule | severity | looks at | finds | most likely step |',
      '|---|---|---|---|---|',
      ...rules
        .filter((rule) => rule.family === family)
        .map(
          (rule) =>
            `| [${rule.id}](${rule.file}) | ${rule.severity} | ${RULE_LEVELS[rule.level]} | ${cell(rule.title)} | ${cell(rule.step)} |`,
        ),
    ]),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', String.raw`\|`)
    .trim();
}
