import type { ReportInput, RuleOutcome, RunDocument } from '../src/run/document.ts';
import { formatCount, formatPercent } from './figures.ts';
import { reachesGate } from './slices.ts';
import { spellOut } from './visible-text.ts';

/** Findings told of one failed rule. */
const FINDINGS_MAX = 10;

/**
 * JUnit XML, strict enough for the schema of Apache Ant's reports: a suite per family, a case per rule. A failed rule
 * below `fail_on` is a passed case with a line in the suite's output; a rule that could not look is an error.
 */
export function renderJunit(input: ReportInput): string {
  const { run } = input;
  const families = [...new Set(run.rules.map((rule) => rule.family))].toSorted();
  const suites = families.map((family, id) => suiteOf(input, family, id));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

function suiteOf(input: ReportInput, family: string, id: number): string {
  const { run } = input;
  const rules = run.rules.filter((rule) => rule.family === family);
  const count = (test: (rule: RuleOutcome) => boolean): number => rules.filter(test).length;
  const attributes = {
    name: family,
    package: `dailies.${attributeToken(run.dataset.name)}`,
    id,
    timestamp:
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(run.run.startedAt)?.[0] ?? '1970-01-01T00:00:00',
    hostname: 'localhost',
    tests: rules.length,
    failures: count((rule) => isFailure(run, rule)),
    errors: count(isError),
    skipped: count((rule) => rule.outcome === 'not-applicable'),
    time: '0',
  };
  const below = rules.filter((rule) => rule.outcome === 'failed' && !isFailure(run, rule));
  const said = below.map((rule) => `${rule.severity} ${rule.id}: ${extentOf(rule)}`);
  return [
    `  <testsuite ${attributeList(attributes)}>\n`,
    `    <properties>\n      <property ${attributeList({ name: 'run', value: run.run.id })}/>\n    </properties>\n`,
    ...rules.map((rule) => caseOf(input, rule)),
    `    <system-out>${escapeXml(said.join('\n'))}</system-out>\n    <system-err></system-err>\n`,
    `  </testsuite>\n`,
  ].join('');
}

function caseOf(input: ReportInput, rule: RuleOutcome): string {
  const head = attributeList({ name: rule.id, classname: `dailies.${rule.family}`, time: '0' });
  const body = bodyOf(input, rule);
  return body === ''
    ? `    <testcase ${head}/>\n`
    : `    <testcase ${head}>\n      ${body}\n    </testcase>\n`;
}

function bodyOf(input: ReportInput, rule: RuleOutcome): string {
  const message = rule.reason ?? '';
  if (isFailure(input.run, rule)) {
    const findings = input.findings
      .filter((finding) => finding.rule_id === rule.id)
      .slice(0, FINDINGS_MAX)
      .map((finding) => `${spellOut(finding.key ?? '')}: ${spellOut(finding.message)}`);
    const text = [
      extentOf(rule),
      rule.localisation?.sentence ?? '',
      `fix: ${rule.fix}`,
      ...findings,
    ]
      .filter((line) => line !== '')
      .join('\n');
    const attributes = { message: `${rule.title}: ${extentOf(rule)}`, type: rule.severity };
    return `<failure ${attributeList(attributes)}>${escapeXml(text)}</failure>`;
  }
  if (isError(rule)) {
    return `<error ${attributeList({ message, type: rule.outcome })}>${escapeXml(message)}</error>`;
  }
  return rule.outcome === 'not-applicable' ? `<skipped ${attributeList({ message })}/>` : '';
}

function isFailure(run: RunDocument, rule: RuleOutcome): boolean {
  return rule.outcome === 'failed' && reachesGate(rule.severity, run.verdict.failOn);
}

function isError(rule: RuleOutcome): boolean {
  return rule.outcome === 'incomplete' || rule.outcome === 'errored';
}

function extentOf(rule: RuleOutcome): string {
  const rate = rule.rate === null ? '' : ` (${formatPercent(rule.rate)})`;
  return `${formatCount(rule.affected)} of ${formatCount(rule.examined)}${rate}`;
}

function attributeList(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${escapeXml(spellOut(String(value)))}"`)
    .join(' ');
}

/** A name without leading, trailing or double blanks, never empty. */
function attributeToken(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ') || 'dataset';
}

/** XML 1.0 text: what it may not hold at all is spelled out line by line before. */
function escapeXml(text: string): string {
  return text
    .split('\n')
    .map(spellOut)
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}
