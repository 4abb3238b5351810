import type { ReportInput } from '../src/run/document.ts';

/** What a dataset would plant to break out of a page, turn its text round, or swamp it. */
export const HOSTILE_TEXT = [
  '</script><img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  '\u202Egnp.exe\u2066',
  '\uD800 lone \uDC00',
  '\u0000\u0007\u001B[31m\u009B31m\u001B]8;;http://example.invalid\u0007',
  'line\nbreak\r\nand\ttab',
  '{{constructor.constructor("alert(1)")()}}',
  '<!--<script>',
].join(' ');

/** Keys of contract fields that hold words of ours, not of the data. */
const OWN_FIELDS = new Set([
  'kind',
  'captionChange',
  'severity',
  'outcome',
  'scope',
  'level',
  'pattern',
  'state',
  'table',
  'failOn',
  'schemaVersion',
  'webpBase64',
  'id',
  'rule_id',
  'family',
  'fingerprint',
  'verdict',
  'method',
]);

/** The report with hostile text in front of every string that can come from data, rules, or the command line. */
export function plantHostileText(input: ReportInput): ReportInput {
  const planted = plantHostile(input);
  return {
    ...planted,
    clips: planted.clips.map((clip, index) =>
      index === 0
        ? {
            ...clip,
            caption: HOSTILE_TEXT + 'x<img src=x onerror=alert(1)>\u202E'.repeat(35_000),
          }
        : clip,
    ),
  };
}

/** The same for any document; fields of our own words stay. */
export function plantHostile<T extends object>(document: T): T {
  const text = JSON.stringify(document, (name, value: unknown) =>
    typeof value === 'string' && !OWN_FIELDS.has(name) ? HOSTILE_TEXT + value : value,
  );
  const planted: T = JSON.parse(text);
  return planted;
}
