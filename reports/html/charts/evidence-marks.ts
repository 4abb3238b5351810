import type { Finding } from '../../../src/run/document.ts';

/** What a finding says of places in its clip, so that frames and curve can show it. */
export type EvidenceMarks = {
  /** Stretches of time from the first frame, with a word for what is wrong there. */
  readonly spans: readonly {
    readonly from_s: number;
    readonly to_s: number;
    readonly word: string;
  }[];
  /** Edges of the picture inside baked-in bars, shares of the frame; null without bars. */
  readonly inner: {
    readonly top: number;
    readonly bottom: number;
    readonly left: number;
    readonly right: number;
  } | null;
};

/** Reads stretches and bars from the columns that a rule selected, by the names of the evidence tables. */
export function marksOf(finding: Finding, duration_s: number | null): EvidenceMarks {
  const start_s = numberOf(finding, 'freeze_start_s');
  const longest_s = numberOf(finding, 'freeze_longest_s');
  const spans = [
    ...edges(finding, 'freeze', 'frozen', duration_s),
    ...(start_s === null || longest_s === null
      ? []
      : [{ from_s: start_s, to_s: start_s + longest_s, word: 'frozen' }]),
    ...edges(finding, 'black', 'black', duration_s),
  ].filter((span) => span.to_s > span.from_s);
  const [top, bottom, left, right] = ['bar_top', 'bar_bottom', 'bar_left', 'bar_right'].map(
    (column) => numberOf(finding, column) ?? 0,
  );
  const hasBars = [top, bottom, left, right].some((bar = 0) => bar > 0.005);
  return {
    spans: spans.filter(
      (span, index) =>
        spans.findIndex(
          (other) =>
            other.word === span.word && other.from_s <= span.from_s && other.to_s >= span.to_s,
        ) === index,
    ),
    inner: hasBars
      ? { top: top ?? 0, bottom: bottom ?? 0, left: left ?? 0, right: right ?? 0 }
      : null,
  };
}

function edges(
  finding: Finding,
  prefix: string,
  word: string,
  duration_s: number | null,
): EvidenceMarks['spans'] {
  const head_s = numberOf(finding, `${prefix}_head_s`) ?? 0;
  const tail_s = numberOf(finding, `${prefix}_tail_s`) ?? 0;
  return [
    { from_s: 0, to_s: head_s, word },
    ...(duration_s === null
      ? []
      : [{ from_s: Math.max(0, duration_s - tail_s), to_s: duration_s, word }]),
  ].filter((span) => span.to_s > span.from_s);
}

/** A number among the values of a finding, by column with or without its table: `frames.bar_top` or `bar_top`. */
export function numberOf(finding: Finding, column: string): number | null {
  for (const [name, value] of Object.entries(finding.values))
    if (typeof value === 'number' && (name === column || name.endsWith(`.${column}`))) return value;
  return null;
}
