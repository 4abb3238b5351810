import { assertNever } from '../../assert-never.ts';

/** What a caption says outright about its medium, in numbers that can be held against it. */
export type Claim =
  | { readonly kind: 'black-and-white' }
  | { readonly kind: 'upright' }
  | { readonly kind: 'wide' }
  | { readonly kind: 'duration'; readonly duration_s: number };

/** What is known of the medium of a row; null where nothing is. */
export type Shown = {
  /** Standard deviation of chroma; under 2 is grayscale. */
  readonly chromaSpread: number | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly duration_s: number | null;
};

const MEDIUM = 'photo(?:graph)?s?|image|picture|video|film|footage|clip|shot|movie|recording';
const GREY = 'black[- ]and[- ]white|monochrom(?:e|atic)|gr[ae]yscale';
const BLACK_AND_WHITE = new RegExp(
  `\\b(?:${GREY})[- ](?:${MEDIUM})\\b|\\b(?:${MEDIUM}) (?:is |was |taken |shot |captured |presented |rendered ){1,2}(?:entirely )?in (?:${GREY})\\b`,
  'iu',
);
const UPRIGHT = new RegExp(
  `\\b(?:portrait[- ](?:orientation|mode|format)|vertical(?:ly)?[- ](?:oriented |filmed |shot )?(?:${MEDIUM}|orientation|format))\\b`,
  'iu',
);
const WIDE = new RegExp(
  `\\b(?:landscape[- ](?:orientation|mode|format)|horizontal(?:ly)?[- ](?:oriented |filmed |shot )?(?:${MEDIUM}|orientation|format)|widescreen)\\b`,
  'iu',
);
const NUMBERS = [
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen',
]
  .join(' ')
  .split(' ');
const COUNT = `(\\d{1,4}(?:\\.\\d+)?|${NUMBERS.slice(1).join('|')}|twenty|thirty|forty|sixty)`;
const DURATION = new RegExp(
  `\\b${COUNT}[- ](second|minute)s?[- ](?:long )?(?:video|clip|footage|recording|loop)\\b|\\b(?:video|clip|footage|recording) (?:is|lasts|runs)(?: for| about| only)* ${COUNT} (second|minute)s\\b`,
  'iu',
);
const TENS: Readonly<Record<string, number>> = { twenty: 20, thirty: 30, forty: 40, sixty: 60 };

/** Chroma above which no eye takes a picture for one without colour; sepia and tints lie below. */
const LEAST_COLOUR = 12;
/** Sides so unlike that a picture is upright or wide, not nearly square. */
const LEAST_ASPECT = 1.15;
/** A stated duration is rounded, and a clip may be a part of what it was stated of: a factor that neither explains. */
const MOST_TIMES = 2;

/** What a caption claims of its medium; most claim nothing. */
export function claimsOf(caption: string): readonly Claim[] {
  const text = caption.slice(0, 4000);
  const claims: Claim[] = [];
  if (BLACK_AND_WHITE.test(text)) claims.push({ kind: 'black-and-white' });
  const [isUpright, isWide] = [UPRIGHT.test(text), WIDE.test(text)];
  if (isUpright !== isWide) claims.push({ kind: isUpright ? 'upright' : 'wide' });
  const said = DURATION.exec(text);
  const count = countOf(said?.[1] ?? said?.[3]);
  const unit = said?.[2] ?? said?.[4];
  if (count !== null)
    claims.push({
      kind: 'duration',
      duration_s: unit?.toLowerCase() === 'minute' ? 60 * count : count,
    });
  return claims;
}

/** How the medium contradicts a claim, in words; null where it does not, or nobody knows. */
export function contradictionOf(claim: Claim, shown: Shown): string | null {
  const { chromaSpread, width_px, height_px, duration_s } = shown;
  switch (claim.kind) {
    case 'black-and-white':
      return chromaSpread !== null && chromaSpread > LEAST_COLOUR
        ? `says that it is black and white, and it is in colour (spread of chroma ${chromaSpread.toFixed(0)}, of a grey picture under 2)`
        : null;
    case 'upright':
    case 'wide': {
      if (width_px === null || height_px === null || !(width_px > 0 && height_px > 0)) return null;
      const aspect = claim.kind === 'upright' ? width_px / height_px : height_px / width_px;
      return aspect > LEAST_ASPECT
        ? `says that it is ${claim.kind}, and it is ${width_px} x ${height_px}`
        : null;
    }
    case 'duration':
      return duration_s !== null &&
        duration_s > 0 &&
        Math.abs(Math.log(duration_s / claim.duration_s)) > Math.log(MOST_TIMES)
        ? `says that it lasts ${claim.duration_s} s, and it lasts ${duration_s.toFixed(1)} s`
        : null;
    default:
      return assertNever(claim);
  }
}

function countOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const word = text.toLowerCase();
  const count = TENS[word] ?? (NUMBERS.includes(word) ? NUMBERS.indexOf(word) : Number(word));
  return count > 0 ? count : null;
}
