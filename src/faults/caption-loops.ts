import { type CaptionFault, cut, type Random } from './caption-fault.ts';

/** Characters at which the looping decoder hits its token limit: 256 to 512 tokens. */
function tokenLimit(random: Random): number {
  return 1100 + Math.floor(random() * 1000);
}

function loop(
  name: string,
  unit: (caption: string) => string,
  close: (text: string, random: Random) => string = (text) => text,
): CaptionFault {
  return {
    name,
    rule: 'looping-caption',
    kind: 'heuristic',
    inject: (row, random) => {
      const caption = row.caption ?? '';
      const repeated = unit(caption);
      const times = Math.ceil(tokenLimit(random) / Math.max(1, repeated.length));
      const text = cut(`${caption} ${repeated.repeat(times)}`, caption.length + tokenLimit(random));
      return { ...row, caption: close(text, random) };
    },
  };
}

function lastSentence(caption: string): string {
  const sentences = caption.split(/(?<=\.) /);
  return cut(sentences.at(-1) ?? caption, 200);
}

/** A captioner that repeats a sentence, a phrase or a word up to its token limit, or leaves the loop again. */
export const CAPTION_LOOPS: readonly CaptionFault[] = [
  loop('sentence-loop', (caption) => `${lastSentence(caption)} `),
  loop('phrase-loop', (caption) => `${caption.split(' ').slice(-4).join(' ')}, `),
  loop('word-loop', (caption) => `${caption.split(' ').at(-1) ?? 'and'} `),
  loop('character-loop', () => '!'),
  loop('chinese-loop', () => '一只狗在海滩上奔跑，'),
  loop(
    'loop-left-again-hard',
    (caption) => `${lastSentence(caption)} `,
    (text) => `${text} In the end, the light fades and the camera rests on a wall.`,
  ),
];
