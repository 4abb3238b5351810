import { describe, expect, it } from 'vitest';

import type { Finding } from '../src/run/document.ts';
import { planCloseUp } from '../src/run/close-up.ts';

const finding = (rule_id: string, values: Finding['values'] = {}): Finding => ({
  rule_id,
  severity: 'warning',
  key: 'a',
  shard: 's',
  row_number: 0,
  message: '',
  values,
  fingerprint: '0',
});

const pts_s = Array.from({ length: 60 }, (_, frame) => 1 + frame / 30);

describe('planCloseUp', () => {
  it('shows repeats beside the frames that they repeat', () => {
    const difference = pts_s.map((_, frame) => (frame === 0 ? null : frame % 5 === 3 ? 0 : 6));
    const planned = planCloseUp(
      finding('duplicate-frames', { 'frames.duplicate_share': 0.2 }),
      difference,
      pts_s,
    );
    expect(planned?.times_s).toHaveLength(8);
    const repeated =
      planned?.times_s.filter((_, index) => planned.marks[index] === 'repeats') ?? [];
    expect(repeated.length).toBeGreaterThan(0);
    for (const time_s of repeated) expect(Math.round((time_s - 1) * 30) % 5).toBe(3);
  });

  it('shows the frames of the shot before, and nothing behind the cut as such', () => {
    const planned = planCloseUp(
      finding('previous-shot-frames', { cut_s: 0.1 }),
      pts_s.map(() => 1),
      pts_s,
    );
    expect(planned?.marks).toEqual([
      ...Array.from({ length: 3 }, () => 'shot before'),
      ...Array.from({ length: 5 }, () => null),
    ]);
  });

  it('shows the frames of the shot after a cut near the end', () => {
    const planned = planCloseUp(
      finding('previous-shot-frames', { cut_s: 58 / 30 }),
      pts_s.map(() => 1),
      pts_s,
    );
    expect(planned?.marks.slice(-2)).toEqual(['shot after', 'shot after']);
    expect(planned?.marks.filter((mark) => mark !== null)).toHaveLength(2);
  });

  it('is not made for findings that frames over the whole clip show as well', () => {
    expect(
      planCloseUp(
        finding('frozen-frames'),
        pts_s.map(() => 0),
        pts_s,
      ),
    ).toBeNull();
    expect(
      planCloseUp(
        finding('duplicate-frames', { 'frames.duplicate_share': 0.2 }),
        [null, 1],
        [0, 1],
      ),
    ).toBeNull();
  });
});
