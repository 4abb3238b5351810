import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';

import { renderGithub } from '../reports/github.ts';
import { renderGitlab } from '../reports/gitlab.ts';
import { renderJson } from '../reports/json.ts';
import { renderJunit } from '../reports/junit.ts';
import { renderMarkdown } from '../reports/markdown.ts';
import { renderSarif } from '../reports/sarif.ts';
import { RENDERERS } from '../src/commands/write-reports.ts';
import { compileSchema } from '../src/config/schema-errors.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import type { ReportInput } from '../src/run/document.ts';
import { buildLargeReportFixture, buildReportFixture } from './report-fixture.ts';
import { plantHostileText } from './report-hostile.ts';

type Log = {
  readonly runs: readonly {
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly baselineState?: string;
      readonly suppressions?: readonly { readonly justification: string }[];
      readonly locations: readonly unknown[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  }[];
};

let input: ReportInput;
let hostile: ReportInput;
let withAll: ReportInput;

beforeAll(async () => {
  input = await buildReportFixture();
  hostile = plantHostileText(input);
  withAll = {
    ...input,
    run: {
      ...input.run,
      rules: input.run.rules.map((rule) =>
        rule.outcome === 'failed'
          ? {
              ...rule,
              suppressed: 2,
              baseline: {
                outcome: 'failed',
                affected: 1,
                examined: 10,
                rate: 0.1,
                new: 1,
                unchanged: 1,
                absent: 0,
                riseP: 0.01,
              },
              budget: {
                maxRate: 0.01,
                maxCount: null,
                notIncreasing: false,
                state: 'exceeded',
                sentence: 'over its budget',
                rowsNeeded: null,
              },
            }
          : rule,
      ),
      baseline: {
        runId: 'older',
        startedAt: '2026-01-01T00:00:00Z',
        dataset: 'clips',
        new: 1,
        unchanged: 1,
        absent: 0,
        unknown: 0,
        absentFindings: [],
      },
      suppressions: {
        file: 'dailies-suppressions.yaml',
        entries: [
          {
            rule: input.run.rules.find((rule) => rule.outcome === 'failed')?.id ?? '',
            selector: 'shard part-1',
            reason: 'known since spring',
            owner: 'ana',
            until: null,
            state: 'used',
            suppressed: 2,
            fingerprint: '0123456789abcdef',
          },
        ],
      },
    },
  };
});

function sarifOf(report: ReportInput): Log {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked against the schema in the test before
  return JSON.parse(renderSarif(report)) as Log;
}

describe('run.json', () => {
  it('meets its published schema', async () => {
    const text = await readFile(join(PACKAGE_ROOT, 'src/run/run.schema.json'), 'utf8');
    const validate = compileSchema(JSON.parse(text));
    for (const report of [input, withAll]) {
      validate(JSON.parse(renderJson(report.run)));
      expect(validate.errors ?? []).toEqual([]);
    }
  });
});

describe('SARIF', () => {
  it('meets the schema of SARIF 2.1.0', async () => {
    const text = await readFile(join(PACKAGE_ROOT, 'test/schemas/sarif-schema-2.1.0.json'), 'utf8');
    // Draft 4 and draft 7 differ in the name of id only, as far as this schema goes.
    const schema: object = JSON.parse(
      text
        .replace(
          'http://json-schema.org/draft-04/schema#',
          'http://json-schema.org/draft-07/schema#',
        )
        .replace('"id": "https://docs', '"$id": "https://docs'),
    );
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
      schema,
    );
    for (const report of [input, hostile, withAll]) {
      validate(JSON.parse(renderSarif(report)));
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it('has one result per failed rule and shard, each under a fingerprint of its own', () => {
    const [run] = sarifOf(input).runs;
    const results = run?.results ?? [];
    const prints = results.map((result) => result.partialFingerprints['primaryLocationLineHash']);
    expect(new Set(prints).size).toBe(results.length);
    const failed = input.run.rules.filter((rule) => rule.outcome === 'failed');
    expect(new Set(results.map((result) => result.ruleId))).toEqual(
      new Set(failed.map((rule) => rule.id)),
    );
    for (const result of results) {
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
    }
  });

  it('says what is new against a baseline, and why a finding is suppressed', () => {
    const results = sarifOf(withAll).runs[0]?.results ?? [];
    const suppressed = results.filter((result) => result.suppressions !== undefined);
    expect(suppressed.map((result) => result.suppressions?.[0]?.justification)).toEqual([
      'known since spring',
    ]);
    const open = results.filter((result) => result.suppressions === undefined);
    expect(new Set(open.map((result) => result.baselineState))).toEqual(new Set(['updated']));
  });

  it('keeps within the limits of GitHub for 100,000 findings', () => {
    const text = renderSarif(buildLargeReportFixture(input, 100_000));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the line above
    const log = JSON.parse(text) as Log;
    const results = log.runs[0]?.results ?? [];
    expect(log.runs).toHaveLength(1);
    expect(results.length).toBeLessThanOrEqual(5_000);
    expect(Math.max(...results.map((result) => result.locations.length))).toBeLessThanOrEqual(100);
    expect(gzipSync(text).length).toBeLessThan(10_000_000);
  });
});

/** Elements and attributes that the schema of Apache Ant's reports asks for, in its order. */
const SUITE_CHILDREN = /^properties(,testcase)*,system-out,system-err$/;
const SUITE_ATTRIBUTES = [
  'errors',
  'failures',
  'hostname',
  'id',
  'name',
  'package',
  'skipped',
  'tests',
  'time',
  'timestamp',
];

type Element = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
};

/** Reads XML without namespaces, comments or CDATA; throws where it is not well-formed. */
function parseXml(text: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const body = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  let at = 0;
  for (const tag of body.matchAll(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*) ?(\/?)>/g)) {
    const between = body.slice(at, tag.index);
    if (/[<>]|&(?!(?:amp|lt|gt|quot|apos);)/.test(between)) throw new Error(between);
    at = tag.index + tag[0].length;
    const [, closes = '', name = '', list = '', empty = ''] = tag;
    if (closes === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element`);
      continue;
    }
    const attributes = Object.fromEntries(
      [...list.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    const element: Element = { name, attributes, children: [] };
    open.at(-1)?.children.push(element);
    if (empty === '') open.push(element);
  }
  if (open.length !== 1 || body.slice(at).trim() !== '') throw new Error('not closed');
  return root;
}

describe('JUnit XML', () => {
  it('has the elements and attributes that the schema of Apache Ant asks for', () => {
    for (const report of [input, hostile, withAll]) {
      const [suites] = parseXml(renderJunit(report)).children;
      expect(suites?.name).toBe('testsuites');
      for (const suite of suites?.children ?? []) {
        expect(Object.keys(suite.attributes).toSorted()).toEqual(SUITE_ATTRIBUTES);
        expect(suite.attributes['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
        expect(suite.children.map((child) => child.name).join(',')).toMatch(SUITE_CHILDREN);
        const cases = suite.children.filter((child) => child.name === 'testcase');
        expect(cases).toHaveLength(Number(suite.attributes['tests']));
        for (const each of cases) {
          expect(Object.keys(each.attributes)).toEqual(['name', 'classname', 'time']);
          for (const said of each.children) {
            expect(['failure', 'error', 'skipped']).toContain(said.name);
            expect('type' in said.attributes).toBe(said.name !== 'skipped');
          }
        }
        const failures = cases.flatMap((each) => each.children).filter((e) => e.name === 'failure');
        expect(failures).toHaveLength(Number(suite.attributes['failures']));
      }
    }
  });

  it('fails the cases that turn the gate red, and no others', () => {
    const text = renderJunit({
      ...input,
      run: { ...input.run, verdict: { ...input.run.verdict, failOn: 'error' } },
    });
    const errors = input.run.rules.filter(
      (rule) => rule.outcome === 'failed' && rule.severity === 'error',
    );
    expect(text.match(/<failure /g) ?? []).toHaveLength(errors.length);
  });
});

describe('GitHub annotations', () => {
  it('are workflow commands on one line each, at most ten of a level', () => {
    for (const report of [input, hostile]) {
      const lines = renderGithub(report).trimEnd().split('\n');
      for (const line of lines) expect(line).toMatch(/^::(error|warning|notice) [^:\n]*::.+$/);
      const errors = lines.filter((line) => line.startsWith('::error file'));
      expect(errors.length).toBeLessThanOrEqual(10);
      expect(lines.at(-1)).toContain('title=dailies%3A ');
    }
  });
});

describe('GitLab code quality', () => {
  it('has the fields that GitLab reads, and unique fingerprints', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each field is checked below
    const entries = JSON.parse(renderGitlab(hostile)) as readonly Record<string, unknown>[];
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      expect(entry).toEqual({
        description: expect.any(String),
        check_name: expect.any(String),
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        severity: expect.stringMatching(/^(info|minor|major|critical|blocker)$/),
        location: { path: expect.any(String), lines: { begin: expect.any(Number) } },
      });
    }
    expect(new Set(entries.map((entry) => entry['fingerprint'])).size).toBe(entries.length);
  });
});

describe('the Markdown summary', () => {
  it('begins with the verdict and the five worst, and folds the rest away', () => {
    const [head = ''] = renderMarkdown(input).split('<details>');
    expect(head).toMatch(/^## . dailies: .* failed\n/);
    expect(head.match(/^\| [✕▲●]/gm)).toHaveLength(5);
    expect(head).toContain('**Not looked at**');
  });

  it('lets no text of the data become markup', () => {
    const text = renderMarkdown(hostile).replaceAll(/<\/?(details|summary)>/g, '');
    expect(text).not.toMatch(/[<>]/);
    expect(text).not.toMatch(/\]\(/);
  });
});

describe('every format', () => {
  it.each(Object.entries(RENDERERS))('%s gives equal bytes for equal inputs', (_name, render) => {
    expect(render(input) === render(structuredClone(input))).toBe(true);
  });
});
