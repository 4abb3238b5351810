/** What a caption says outright about its whole medium, in terms that can be measured. */
type Claim =
  | { readonly kind: 'black-and-white' | 'upright' | 'wide' }
  | { readonly kind: 'duration'; readonly duration_s: number };

const MEDIUM = 'photo(?:graph)?s?|image|picture|video|film|footage|clip|shot|movie|recording';
const GREY = 'black[- ]and[- ]white|monochrom(?:e|atic)|gr[ae]yscale';
const LOOKS =
  'aerial|amateur|antique|archival|artistic|blurry|brief|candid|classic|close[- ]?up|dramatic|faded|grainy|handheld|historic(?:al)?|long|old|professional|short|simple|still|studio|vintage|wide';

/** The caption begins with the medium: `A grainy black and white photo of …`. Elsewhere such words are of what is seen: a photo that somebody holds. */
const OPENING = `^\\s*(?:(?:an?|the|this)\\s+)?(?:(?:${LOOKS})[ ,]+){0,3}`;
/** What goes on about the medium itself, not about a picture on a wall. */
const GOES_ON =
  '(?=\\s*(?:$|[.,:;]|(?:of|from|shows?|showing|features?|featuring|depicts?|depicting|captures?|capturing|taken|shot|filmed|in which|where)\\b))';
/** A sentence whose subject is the medium: `The video is …`. */
const SUBJECT = `(?:^|[.!?]\\s+)(?:the|this)\\s+(?:(?:entire|whole)\\s+)?(?:${MEDIUM})\\s+`;
const SHOT =
  '(?:(?:is|was|has been|taken|shot|filmed|captured|presented|rendered|recorded)\\s+){1,2}(?:entirely\\s+)?in\\s+';

const BLACK_AND_WHITE = new RegExp(
  `${OPENING}(?:${GREY})[- ](?:${MEDIUM})\\b${GOES_ON}|${SUBJECT}${SHOT}(?:${GREY})\\b`,
  'iu',
);
const UPRIGHT = new RegExp(
  `${OPENING}(?:vertical(?:ly)?|portrait)[- ](?:oriented |filmed |shot |format |mode )?(?:${MEDIUM})\\b${GOES_ON}|${SUBJECT}${SHOT}(?:a )?(?:vertical|portrait)[- ](?:orientation|mode|format)\\b`,
  'iu',
);
const WIDE = new RegExp(
  `${OPENING}(?:horizontal(?:ly)?[- ](?:oriented |filmed |shot |format )?|widescreen |landscape[- ](?:oriented|format|mode) )(?:${MEDIUM})\\b${GOES_ON}|${SUBJECT}${SHOT}(?:a )?(?:(?:horizontal|landscape)[- ](?:orientation|mode|format)|widescreen)\\b`,
  'iu',
);
const NUMBERS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen'.split(
    ' ',
  );
const COUNT = `(\\d{1,4}(?:\\.\\d+)?|${NUMBERS.slice(1).join('|')}|twenty|thirty|forty|sixty)`;
const DURATION = new RegExp(
  `${OPENING}${COUNT}[- ](second|minute)s?[- ](?:long )?(?:video|clip|footage|recording|loop)\\b${GOES_ON}|${SUBJECT}(?:is|lasts|runs)(?:\\s+(?:for|about|only))*\\s+${COUNT} (second|minute)s\\b`,
  'iu',
);
const TENS: Readonly<Record<string, number>> = { twenty: 20, thirty: 30, forty: 40, sixty: 60 };

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

function countOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const word = text.toLowerCase();
  const count = TENS[word] ?? (NUMBERS.includes(word) ? NUMBERS.indexOf(word) : Number(word));
  return count > 0 ? count : null;
}
