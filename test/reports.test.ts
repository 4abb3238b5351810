import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Finding, ReportInput } from '../src/run/document.ts';
import { toCsv, toKeys, toMarkdown, toSuppression } from '../reports/html/copy-formats.ts';
import { openIsland, type TableRow } from '../reports/html/island-decode.ts';
import { buildIsland } from '../reports/html/island-encode.ts';
import { asStored } from '../reports/html/charts/as-stored.ts';
import { marksOf } from '../reports/html/charts/evidence-marks.ts';
import { renderDiffHtml } from '../reports/html/diff-page.ts';
import { renderHtml } from '../reports/html/page.ts';
import { filterFindings, parseQuery, writeToken } from '../reports/html/query.ts';
import { readHash, SORT_COLUMNS, writeHash } from '../reports/html/view-state.ts';
import { renderJson } from '../reports/json.ts';
import { rankFailed, rankWorst } from '../src/rank-rules.ts';
import { densityByShard } from '../reports/shard-density.ts';
import { renderText } from '../reports/text.ts';
import { cutText, spellOut, splitVisible } from '../reports/visible-text.ts';
import { diffWords } from '../reports/word-diff.ts';
import { buildDiffFixture } from './diff-fixture.ts';
import { buildReportFixture } from './report-fixture.ts';
import { plantHostile, plantHostileText } from './report-hostile.ts';

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

let input: ReportInput;
beforeAll(async () => {
  input = await buildReportFixture();
});

describe('text from data', () => {
  it('leaves no invisible character in what is shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const shown = spellOut(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/u);
      }),
    );
  });

  it('keeps every plain character in its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const plain = splitVisible(text).filter((piece) => piece.kind === 'plain');
        let from = 0;
        for (const piece of plain) {
          const at = text.indexOf(piece.text, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + piece.text.length;
        }
      }),
    );
  });

  it('names a right-to-left override, an escape and half a surrogate pair', () => {
    expect(spellOut('a\u202Eb\u001B[31m\uD800c\nd')).toBe('a<U+202E>b<U+001B>[31m<U+D800>c↵d');
  });

  it('never cuts a surrogate pair in half', () => {
    expect(cutText('a😀b', 2)).toEqual({ head: 'a', leftOut: 3 });
    expect(cutText('a😀b', 3)).toEqual({ head: 'a😀', leftOut: 1 });
  });
});

describe('order of rules', () => {
  it('puts a common error before a rare one, and any before a note on everything', () => {
    const ids = rankWorst(input.run).map((rule) => rule.id);
    expect(ids[0]).toBe('ignored-rotation');
    expect(ids.at(-1)).toBe('web-noise-caption');
  });

  it('names one error before a hundred rows of a warning, and that before a note on everything', () => {
    const failed = rankFailed(input.run);
    const bySeverity = (['note', 'warning', 'error'] as const).flatMap((severity, at) => {
      const rule = failed.find((each) => each.severity === severity);
      return rule === undefined ? [] : [{ ...rule, isSampled: false, affected: 100 ** (2 - at) }];
    });
    const ranked = rankWorst({ ...input.run, rules: bySeverity });
    expect(ranked.map((rule) => [rule.severity, rule.affected])).toEqual([
      ['error', 1],
      ['warning', 100],
      ['note', 10_000],
    ]);
  });

  it('lists failed rules by severity first', () => {
    const severities = rankFailed(input.run).map((rule) => rule.severity);
    const order = ['error', 'warning', 'note'];
    expect(severities).toEqual(severities.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
  });

  it('does not depend on the order of the rules in the run', () => {
    const turned = { ...input.run, rules: input.run.rules.toReversed() };
    expect(rankWorst(turned)).toEqual(rankWorst(input.run));
    expect(rankFailed(turned)).toEqual(rankFailed(input.run));
  });
});

describe('density by shard', () => {
  it('loses no hit when shards share cells', () => {
    const rule = rankWorst(input.run)[0];
    const hits = rule?.localisation?.shards ?? [];
    const total = hits.reduce((sum, hit) => sum + hit.affected, 0);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (cells) => {
        const drawn = densityByShard(input.run.dataset.shards, hits, cells);
        expect(drawn.reduce((sum, cell) => sum + cell.affected, 0)).toBe(total);
        expect(drawn.at(-1)?.to).toBe(input.run.dataset.shards.length);
      }),
    );
  });
});

describe('verdict on the terminal', () => {
  it('says verdict, rules, place, example, gaps and paths without colours', () => {
    const text = renderText(input.run, {
      colour: false,
      width: 100,
      findings: input.findings,
      reports: [{ name: 'report', path: 'run/report.html' }],
    });
    expect(text).toMatchInlineSnapshot(`
      "
      ✕ failed  About 6 % of the clips lie on their side, all in 32 neighbouring shards; 7 more rules
                failed.

        ✕ 3 errors · ▲ 4 warnings · ● 1 note · 1 incomplete · 12 passed · 2 not applicable
        1,204,224 rows in 512 shards, 1.8 GB; 3,000 clips opened as a sample

        ✕ error   ignored-rotation       5.9 % [5.0–6.7 %]  176 of 3,000 rows
          ▕       ▇█         ?             ▏  512 shards in order
          32 of 512 shards, all neighbours (train-00112 to train-00143), hold 100 % of the hits
          e.g. clip-00263614: the header says 90°, the frames were stored as 1920x1080 without it

        ✕ error   truncated-file        0.70 % [0.40–1.0 %]  21 of 3,000 rows
          ▕▃▃▃  ▃   ▃▃▆▃ ▆   ▃█  ▃ ▆ ▃  ▃▃ ▏  scattered over 20 of 512 shards, as chance would have it
          e.g. clip-00024291: 412,331 bytes are missing at the end

        ✕ error   refusal-caption       0.15 %  1,840 of 1,204,224 rows
          ▕                  ?     ▂█      ▏  12 of 512 shards, all neighbours, hold 99 % of the hits
          e.g. clip-00936140: the captioner refused: “I’m sorry, but I can’t help”

        ▲ warning duplicate-frames      21.4 % [20.0–22.9 %]  643 of 3,000 rows
          ▕▁▁▁▁▁    ▁▁  ▁ ▆██▇▆▇█▇▇▇▁    ▁ ▏  160 of 512 shards, all neighbours, hold 96 % of the hits
          e.g. clip-00025642: every 5th frame repeats (phase statistic 0.06): 24 fps converted to 30

        ▲ warning letterboxed-frames     3.2 % [2.6–3.8 %]  96 of 3,000 rows
          ▕▄▆▁▁▆▃█▄▃▃ ▂▆▂▂▃▄█▆▁▁▁▄▁▄▄▃ ▃▃▂▂▏  scattered over 88 of 512 shards
          e.g. clip-00004772: bars of 13 % at the top and 13 % at the bottom

        ▲ warning frozen-frames          1.6 % [1.2–2.0 %]  48 of 3,000 rows
          ▕▄▂▄▂▆▂▂  █ ▂▆▂▆▄▆ ▄▆▄ ▂▄▄▂▄▂▄▂ ▂▏  scattered over 46 of 512 shards
          e.g. clip-00001218: no change from 3.1 s to 8.0 s, motion before

        ▲ warning mojibake-caption     0.051 %  612 of 1,204,224 rows
          ▕  █               ?             ▏  4 of 512 shards, all neighbours, hold 100 % of the hits
          e.g. clip-00094093: UTF-8 read as Latin-1: “cafÃ©”

        ● note    web-noise-caption    0.075 %  905 of 1,204,224 rows
          ▕▇▆▅█▅▇▄▇▇▄▅█▇▇█▄▆▇▆▇▇▅█▃▅▇▃▆▃▅▇▅▏  scattered over 421 of 512 shards
          e.g. clip-00001608: web noise: “Photo by”

        not looked at
          1,201,224  clips outside the sample, by rules that open media: sampled by md5 of seed and key:
                     --sample 3000
              2,352  rows of 1 unread shard: train-00301.parquet: no magic bytes at the end
                  7  clips the decoder could not open: decoder-crashed 4, decoder-timeout 3; decode-errors
                     is incomplete
                  2  rules with nothing to work on: source-leak, shifted-captions

        report  run/report.html
      "
    `);
  });

  it('tells rules that another tier would run from those that find nothing to work on', () => {
    const rules = input.run.rules.map((rule) =>
      rule.id === 'source-leak'
        ? { ...rule, reason: '--tier header does not look at frames.dhash' }
        : rule,
    );
    const text = renderText({ ...input.run, rules }, { width: 100, colour: false });

    expect(text).toContain('1  rule beyond the reach of --tier header: source-leak');
    expect(text).toContain('1  rule with nothing to work on: shifted-captions');
  });

  it('adds nothing but colours when colours are on', () => {
    const options = { width: 100, findings: input.findings } as const;
    const plain = renderText(input.run, { ...options, colour: false });
    const coloured = renderText(input.run, { ...options, colour: true });
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001B\[[\d;]*m/g, '')).toBe(plain);
    expect(coloured).not.toBe(plain);
  });

  it('fits the width it is given', () => {
    for (const width of [60, 80, 100, 200]) {
      const lines = renderText(input.run, { colour: false, width, findings: input.findings }).split(
        '\n',
      );
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
        Math.min(width, 110),
      );
    }
  });

  it('passes no control character of the data on to the terminal', () => {
    const hostile = plantHostileText(input);
    const text = renderText(hostile.run, { colour: false, width: 100, findings: hostile.findings });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/u);
  });
});

describe('findings in the page', () => {
  it('come back as they went in, whatever they say', () => {
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.integer(),
      fc.integer({ min: -99_999, max: 99_999 }).map((hundredths) => hundredths / 100),
      fc.boolean(),
      fc.constant(null),
    );
    const finding = fc.record({
      rule_id: fc.constantFrom('a', 'b'),
      key: fc.option(fc.string({ maxLength: 12 })),
      shard: fc.option(fc.constantFrom('s-0', 's-1', 'elsewhere')),
      row_number: fc.option(fc.nat(5000)),
      values: fc.dictionary(fc.constantFrom('x', 'y', 'z_px'), value),
      words: fc.array(fc.constantFrom('at', '12.5', '7', ' ', '{{x}}', '.', 'x', '9 s'), {
        maxLength: 6,
      }),
    });
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 30 }), (rows) => {
        const findings = rows.map(({ words, values, ...rest }, index): Finding => ({
          ...rest,
          values,
          severity: 'error',
          message: `${words.join('')} ${JSON.stringify(values['x'] ?? '')} ${String(values['y'] ?? '')}`,
          fingerprint: String(index),
        }));
        const table = openIsland(
          JSON.parse(JSON.stringify(buildIsland({ ...input, findings }, ['a', 'b']))),
        );
        const back = Array.from({ length: table.count }, (_, index) => {
          const row = table.row(index);
          const held = table.values(index).filter(([, held_value]) => held_value !== null);
          return JSON.stringify([
            row.rule,
            row.key,
            row.shard,
            row.rowNumber,
            row.message,
            held.map((pair) => JSON.stringify(pair)).toSorted(byText),
          ]);
        });
        const put = findings.map((row) => {
          const held = Object.entries(row.values).filter(([, held_value]) => held_value !== null);
          return JSON.stringify([
            row.rule_id,
            row.key,
            row.shard,
            row.row_number,
            row.message,
            held.map((pair) => JSON.stringify(pair)).toSorted(byText),
          ]);
        });
        expect(back.toSorted(byText)).toEqual(put.toSorted(byText));
      }),
    );
  });

  it('are filtered by tokens that narrow, and by alternatives of one field', () => {
    const table = openIsland(
      buildIsland(
        input,
        rankFailed(input.run).map((rule) => rule.id),
      ),
    );
    const count = (query: string): number =>
      filterFindings(table, query, (index) => table.message(index).toLowerCase()).length;
    const all = count('');
    expect(all).toBe(input.findings.length);
    expect(count('rule:ignored-rotation')).toBe(176);
    expect(count('rule:ignored-rotation rule:truncated-file')).toBe(197);
    expect(count('!rule:ignored-rotation')).toBe(all - 176);
    expect(count('severity:error rule:frozen-frames')).toBe(0);
    expect(count('rule:*-caption')).toBe(1200);
    expect(count('rule:ignored-rotation shard:train-0011*')).toBeGreaterThan(0);
    expect(count('"stored as 1920x1080"')).toBe(176);
    expect(count('rule:nothing')).toBe(0);
  });

  it('are told apart by what they were in an earlier run', () => {
    const findings = input.findings.map((finding, index) => ({
      ...finding,
      baseline: index % 3 === 0 ? ('new' as const) : ('unchanged' as const),
    }));
    const table = openIsland(buildIsland({ ...input, findings }, []));
    const count = (query: string): number => filterFindings(table, query, () => '').length;
    expect(count('state:new')).toBe(Math.ceil(findings.length / 3));
    expect(count('state:new') + count('!state:new')).toBe(findings.length);
  });

  it('give back a filter token as it was read', () => {
    fc.assert(
      fc.property(
        fc.record({
          field: fc.constantFrom('rule', 'severity', 'shard', 'key', null),
          text: fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/^\w+:/.test(text)),
          isNegated: fc.boolean(),
        }),
        (token) => {
          expect(parseQuery(writeToken(token))).toEqual([token]);
        },
      ),
    );
  });

  it('give back the view that an address holds', () => {
    fc.assert(
      fc.property(
        fc.record({
          query: fc.string({ unit: 'grapheme', minLength: 1 }),
          sort: fc.option(
            fc.record({ column: fc.constantFrom(...SORT_COLUMNS), isDescending: fc.boolean() }),
          ),
          at: fc.option(fc.nat(1_000_000)),
        }),
        (view) => {
          expect(readHash(writeHash(view))).toEqual(view);
        },
      ),
    );
    expect(readHash('#rule-ignored-rotation')).toBeNull();
  });
});

describe('copies', () => {
  const row: TableRow = {
    rule: 'r',
    title: 'R',
    severity: 'error',
    key: 'a "quoted", key\n',
    shard: 's',
    rowNumber: 3,
    message: '<b>|\u202E',
  };

  it('quote as CSV wants it', () => {
    expect(toCsv([row])).toBe(
      'rule_id,severity,key,shard,row_number,message\r\nr,error,"a ""quoted"", key\n","s",3,"<b>|\u202E"\r\n',
    );
  });

  it('name each key once', () => {
    expect(toKeys([row, row, { ...row, key: null }, { ...row, key: 'b' }])).toBe(
      'a "quoted", key\n\nb\n',
    );
  });

  it('keep Markdown from being read as markup', () => {
    expect(toMarkdown([row])).toContain(String.raw`\<b\>\|\<U+202E\>`);
  });

  it('write a suppression as YAML that reads back', async () => {
    const { parse } = await import('yaml');
    expect(parse(toSuppression(row))).toEqual([{ rule: 'r', key: row.key, reason: '', owner: '' }]);
  });
});

describe('the page', () => {
  it('is the same for the same run', () => {
    expect(renderHtml(input)).toBe(renderHtml(structuredClone(input)));
  });

  it('names no address that a browser would fetch', () => {
    const page = renderHtml(input);
    expect(page).not.toMatch(/\b(?:src|href)="(?!data:|#|https:\/\/trac\.ffmpeg\.org)/);
    expect(page).not.toMatch(/@import|url\(/);
  });

  it('says what is new, still there and fixed since an earlier run, and what is suppressed', () => {
    const baseline = {
      runId: 'earlier',
      startedAt: '2026-11-20T09:00:00Z',
      dataset: 'd',
      new: 12,
      unchanged: 30,
      absent: 4,
      unknown: 0,
      absentFindings: [],
    };
    const page = renderHtml({ ...input, run: { ...input.run, baseline } });
    const words = page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain('12 new 30 still there 4 fixed');
    expect(renderHtml(input)).not.toContain('still there');
  });

  it('lets only its own script and style run', () => {
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(
      renderHtml(input),
    )?.[1];
    expect(policy).toMatch(
      /^default-src 'none'; img-src data:; style-src 'sha256-[^']+'; script-src 'sha256-[^']+';/,
    );
    expect(policy).not.toContain('unsafe');
  });

  it('holds no markup from data, in any field', () => {
    const page = renderHtml(plantHostileText(input));
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)?.length).toBe(2);
    expect(page).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    expect(Buffer.from(page).toString()).toBe(page);
  });
});

describe('evidence in the pictures', () => {
  const finding: Finding = {
    rule_id: 'r',
    severity: 'warning',
    key: 'k',
    shard: 's',
    row_number: 0,
    message: '',
    values: {},
    fingerprint: '',
  };

  it('is a stretch at the start, at the end or inside, once', () => {
    const values = {
      'frames.freeze_head_s': 0.5,
      'frames.freeze_start_s': 0,
      'frames.freeze_longest_s': 0.5,
      black_tail_s: 1,
    };
    expect(marksOf({ ...finding, values }, 8).spans).toEqual([
      { from_s: 0, to_s: 0.5, word: 'frozen' },
      { from_s: 7, to_s: 8, word: 'black' },
    ]);
  });

  it('is the edge of the picture inside its bars, and nothing without bars', () => {
    expect(marksOf({ ...finding, values: { bar_top: 0.12, bar_bottom: 0.1 } }, null).inner).toEqual(
      {
        top: 0.12,
        bottom: 0.1,
        left: 0,
        right: 0,
      },
    );
    expect(marksOf({ ...finding, values: { bar_top: 0, rotation_deg: 90 } }, null)).toEqual({
      spans: [],
      inner: null,
    });
  });

  it('is the frame as stored for turned and squeezed clips alone', () => {
    const card = input.clips.find((clip) => clip.strip !== null);
    if (card === undefined) throw new Error('the fixture has no picture');
    const stored = (values: Finding['values']): string | null =>
      asStored(card, 0, { ...finding, values })?.source ?? null;
    expect(stored({ 'containers.rotation_deg': 90 })).toContain('matrix(0 -1 1 0 0');
    expect(stored({ 'containers.sar': 1.5 })).toContain('scale(0.66');
    expect(stored({ 'images.orientation': 6 })).toContain('ignores the rotation');
    expect(stored({ 'containers.rotation_deg': 0, 'containers.sar': 1 })).toBeNull();
    expect(stored({})).toBeNull();
  });
});

describe('pictures', () => {
  it('are in the page once, however many findings show them', () => {
    const page = renderHtml(input);
    const uses = page.match(/<use href="#strip-\d+"/g)?.length ?? 0;
    const images = page.match(/<image id="strip-\d+"/g)?.length ?? 0;
    expect(images).toBe(new Set(page.match(/id="strip-\d+"/g)).size);
    expect(uses).toBeGreaterThan(images);
  });

  it('keep to their budget, the first clip of each rule first, and what is left out is said', () => {
    const large = 'A'.repeat(1_000_000);
    const clips = input.clips.map((clip) =>
      clip.strip === null ? clip : { ...clip, strip: { ...clip.strip, webpBase64: large } },
    );
    const page = renderHtml({ ...input, clips });
    expect(page.length).toBeLessThan(15_000_000);
    expect(page).toContain('film strips, to keep the page small');
    for (const rule of rankWorst(input.run).slice(0, 5)) {
      const first = page.indexOf(`id="rule-${rule.id}"`);
      expect(page.slice(first, page.indexOf('</article>', first))).toContain('<use href="#strip-');
    }
  });
});

describe('the comparison of two versions', () => {
  it('says which words went and which came, and loses none', () => {
    const words = fc.array(fc.constantFrom('a', 'red', 'car', 'drives', 'on ', '\n'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, words, (was, is) => {
        const [before, after] = [was.join(' ').trim(), is.join(' ').trim()];
        const runs = diffWords(before, after);
        const text = (gone: string): string =>
          runs
            .filter((run) => run.kind !== gone)
            .map((run) => run.text)
            .join('')
            .replaceAll(/\s+/g, ' ')
            .trim();
        expect(text('added')).toBe(before.replaceAll(/\s+/g, ' ').trim());
        expect(text('removed')).toBe(after.replaceAll(/\s+/g, ' ').trim());
      }),
    );
    expect(diffWords('same words', 'same words')).toEqual([{ kind: 'same', text: 'same words ' }]);
  });

  it('shows schema, flow, change, drift and rows side by side, and no markup from data', () => {
    const diff = buildDiffFixture(input.run);
    const page = renderDiffHtml(diff);
    for (const text of [
      'dropped',
      '420 changed',
      'times 1,000',
      's-04 to s-07',
      '<del>',
      '<ins>',
      'PSI 1.200',
    ])
      expect(page).toContain(text);
    const hostile = renderDiffHtml(plantHostile(diff));
    expect(hostile).not.toContain('<img');
    expect(hostile.match(/<\/script>/g)?.length).toBe(1);
    expect(hostile).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    expect(Buffer.from(hostile).toString()).toBe(hostile);
  });
});

describe('the run as JSON', () => {
  it('reads back as the run', () => {
    expect(JSON.parse(renderJson(input.run))).toEqual(input.run);
  });
});
