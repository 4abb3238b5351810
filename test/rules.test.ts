import { describe, expect, it } from 'vitest';

import { loadRules } from '../src/judge/load-rules.ts';
import { runExample } from '../src/judge/run-example.ts';

const rules = await loadRules();

describe.each(rules.map((rule) => ({ id: rule.id, rule })))('rule $id', ({ rule }) => {
  it.each(
    rule.examples.map((example, index) => ({
      name: example.note ?? `example ${index + 1}`,
      example,
    })),
  )('finds what it must and no more: $name', async ({ example }) => {
    const { outcome, findings } = await runExample(rule, example);

    expect(outcome.outcome, outcome.reason ?? '').not.toBe('errored');
    const found = findings.map((finding) => finding.key ?? '').toSorted((a, b) => (a < b ? -1 : 1));
    const wanted = example.finds;
    expect(typeof wanted === 'number' ? found.length : found).toEqual(
      typeof wanted === 'number' ? wanted : wanted.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  it('has an example that fires and a look-alike that stays silent', () => {
    const fires = rule.examples.filter(
      (example) =>
        example.finds !== 0 && (typeof example.finds === 'number' || example.finds.length > 0),
    );
    const staysSilent = rule.examples.some((example) => {
      const rows = Object.values(example.tables).flat().length;
      const found = typeof example.finds === 'number' ? example.finds : example.finds.length;
      return found === 0 || found < rows;
    });

    expect(fires.length).toBeGreaterThan(0);
    expect(staysSilent).toBe(true);
  });
});

/** Traps that detectors of manifest bugs are known to fall into, by rule, and words of the note of the look-alike for each. */
const TRAPS: readonly (readonly [rule: string, trap: string, note: RegExp])[] = [
  ['empty-caption', 'rows left unlabelled for guidance', /without a caption on purpose/],
  ['placeholder-caption', 'true captions that hold such words', /names that contain such words/],
  ['truncated-captions', 'tags, which never end with a full stop', /Tags never end/],
  ['refusal-caption', 'speech that is quoted', /Speech in the scene, subtitles/],
  ['looping-caption', 'lists and lyrics', /lists, lyrics/],
  ['repeated-caption', 'sibling clips of one source', /Sibling clips/],
  ['repeated-caption', 'several captions a medium', /One medium in several rows/],
  ['repeated-caption', 'class labels', /Class labels/],
  ['mojibake-caption', 'real accents', /Real text in any script/],
  ['wrong-script-caption', 'names and quoted signs', /Quoted signs, names/],
  ['schema-drift', 'a dictionary beside plain values', /a dictionary in one shard and plain/],
  ['integer-overflow', 'caps that are meant', /caps that are round numbers/],
  ['null-and-empty-mixed', 'optional columns', /optional columns/],
  ['non-finite-number', 'missing values', /missing values/],
  ['duplicate-key', 'several captions by design', /five captions a clip by design/],
  ['duplicate-path', 'several captions by design', /several captions for some/],
  ['duplicate-shard', 'tiny dictionary shards', /tiny index shards/],
  ['short-shard', 'the last shard', /the last shard is short/],
  ['footer-statistics-mismatch', 'bounds of text cut off', /bounds of cut-off text/],
  ['partition-mismatch', 'a column that Hive leaves out', /no such column by Hive/],
  ['tar-grouping', 'dots in names of fields', /fields with dots by design/],
  ['unshuffled-sources', 'a curriculum', /a curriculum/],
  ['timestamp-out-of-range', 'archives', /an archive by option/],
  ['constant-column', 'quantised scores', /quantised scores/],
  ['join-fan-out', 'a declared 1:n', /several captions a clip by design/],
  ['source-leak', 'unknown sources', /unknown sources/],
  ['placeholder-media', 'a title card of one channel', /the title card that one channel/],
  ['empty-file', 'tiny but whole files', /a tiny but whole thumbnail/],
  ['orphan-file', 'files that are spare', /a few spare files/],
  ['non-finite-latent', 'padding', /padding tokens/],
  ['constant-latent', 'padding', /padding tokens/],
  ['wrong-latent-scale', 'shifts of the data', /flat clips vary/],
  ['duplicate-embedding', 'one medium twice', /one picture twice/],
];

it.each(TRAPS)('%s has a look-alike for %s', (id, _trap, note) => {
  const rule = rules.find((each) => each.id === id);
  expect((rule?.examples ?? []).map((example) => example.note ?? '').join('\n')).toMatch(note);
});
