import { DailiesError } from '../../dailies-error.ts';

/** A fraction as FFmpeg wants it. */
export type Ratio = { readonly num: number; readonly den: number };

/** Reads `30`, `23.976`, `30000/1001` or `4:3`; throws `usage` on anything else. */
export function parseRatio(text: number | string): Ratio {
  const match = /^(\d+)(?:[/:](\d+))?$/.exec(String(text));
  if (match !== null) {
    const ratio = { num: Number(match[1]), den: Number(match[2] ?? 1) };
    if (ratio.num > 0 && ratio.den > 0) {
      return ratio;
    }
  }
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) {
    return { num: Math.round(number * 1000), den: 1000 };
  }
  throw new DailiesError('usage', `not a positive number or ratio: ${text}`);
}
