/** Most pieces of one caption that are encoded. */
const MOST_PIECES = 12;

/**
 * A caption in pieces that a text tower can take: whole if it fits, else by sentence, short neighbours together; a sentence
 * that is too long alone is split between words.
 */
export function splitCaption(
  caption: string,
  maxTokens: number,
  countTokens: (text: string) => number,
): readonly string[] {
  if (countTokens(caption) <= maxTokens) return [caption];
  const sentences = caption
    .split(/(?<=[.!?;])\s+|(?<=[。！？；])|\n+/u)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .flatMap((sentence) => splitSentence(sentence, maxTokens, countTokens));
  const pieces: string[] = [];
  for (const sentence of sentences) {
    const last = pieces.at(-1);
    const joined = last === undefined ? sentence : `${last} ${sentence}`;
    if (last !== undefined && countTokens(joined) <= maxTokens) pieces[pieces.length - 1] = joined;
    else if (pieces.length < MOST_PIECES) pieces.push(sentence);
    else break;
  }
  return pieces;
}

function splitSentence(
  sentence: string,
  maxTokens: number,
  countTokens: (text: string) => number,
): readonly string[] {
  if (countTokens(sentence) <= maxTokens) return [sentence];
  const words = sentence.split(/\s+/u);
  // Text without spaces is left to the tokenizer to cut.
  if (words.length < 2) return [sentence];
  const half = Math.ceil(words.length / 2);
  return [words.slice(0, half), words.slice(half)].flatMap((part) =>
    splitSentence(part.join(' '), maxTokens, countTokens),
  );
}
