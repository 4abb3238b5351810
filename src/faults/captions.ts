import { type CaptionFault, cut, pick, type Random } from './caption-fault.ts';
import { CAPTION_LOOPS } from './caption-loops.ts';
import { CAPTION_REFUSALS } from './caption-refusals.ts';

const WINDOWS_1252 = new TextDecoder('windows-1252');
const UTF_8 = new TextEncoder();

function fault(
  name: string,
  rule: string,
  kind: CaptionFault['kind'],
  change: (caption: string, random: Random) => string | null,
): CaptionFault {
  return {
    name,
    rule,
    kind,
    inject: (row, random) => ({ ...row, caption: change(row.caption ?? '', random) }),
  };
}

/** UTF-8 read as Windows-1252, the most common misreading. */
function misread(text: string): string {
  return WINDOWS_1252.decode(UTF_8.encode(text));
}

/** Puts words where the text has a space, not at its ends. */
function insert(caption: string, words: string, random: Random): string {
  const parts = caption.split(' ');
  const at = 1 + Math.floor(random() * Math.max(1, parts.length - 1));
  return [...parts.slice(0, at), words, ...parts.slice(at)].join(' ');
}

const FOREIGN = [
  'naïve café owner’s',
  'straße “Süd”',
  'Łódź — księżyc',
  '北京的街道',
  'Москва',
  'مرحبا بكم',
  '서울 거리',
] as const;

const SPECIAL_TOKENS = [
  '<|im_end|>',
  '<|endoftext|>',
  '</s>',
  '[/INST]',
  '<image>',
  '<|__dj__eoc|>',
  '<|video_pad|>',
  '<pad>',
] as const;

/** Every caption fault; `…-hard` ones leave a look-alike of a healthy caption around the damage. */
export const CAPTION_FAULTS: readonly CaptionFault[] = [
  fault('null', 'empty-caption', 'exact', () => null),
  fault('untrimmed', 'untrimmed-caption', 'exact', (caption, random) =>
    pick(
      [` ${caption}`, `${caption} `, `${caption}\n`, `\t${caption}`, `\u{3000}${caption}`],
      random,
    ),
  ),
  fault('zero-width', 'untrimmed-caption', 'exact', (caption, random) =>
    pick([`\u{200B}Photo: ${caption}`, `${caption}\u{2060}`, `${caption}\u{FEFF}`], random),
  ),
  fault('blank', 'empty-caption', 'exact', (_, random) =>
    pick(['', ' ', '\n\t ', '\u{200B}\u{FEFF}', '\u{3000}\u{A0}', '\u{3164}'], random),
  ),
  fault('missing-value-word', 'placeholder-caption', 'exact', (_, random) =>
    pick(
      [
        'nan',
        'NaN',
        'None',
        'null',
        'NULL',
        'N/A',
        '<NA>',
        'undefined',
        '[object Object]',
        'Unknown caption',
        'No caption available.',
        '暂无描述',
      ],
      random,
    ),
  ),
  fault('wrapped-placeholder-hard', 'placeholder-caption', 'exact', (_, random) =>
    pick(['"null"', ' None\n', '(none)', '...', '- -', '{caption}', 'NO DESCRIPTION'], random),
  ),
  fault(
    'python-bytes',
    'serialized-caption',
    'exact',
    (caption) => `b'${caption.replaceAll("'", "\\'")}'`,
  ),
  fault(
    'list',
    'serialized-caption',
    'exact',
    (caption) => `["${caption.replaceAll('"', '\\"')}"]`,
  ),
  fault('json', 'serialized-caption', 'exact', (caption) => JSON.stringify({ caption })),
  fault('escaped-characters', 'serialized-caption', 'exact', (caption, random) =>
    insert(caption, 'caf\\u00e9', random),
  ),
  fault('escaped-newline-hard', 'serialized-caption', 'exact', (caption, random) =>
    insert(caption, 'there.\\nThen', random),
  ),
  fault('left-over-brace-hard', 'serialized-caption', 'exact', (caption) => `${caption}'}`),
  fault('special-token', 'prompt-leak-caption', 'exact', (caption, random) =>
    insert(caption, pick(SPECIAL_TOKENS, random), random),
  ),
  fault(
    'answer-preamble',
    'prompt-leak-caption',
    'heuristic',
    (caption, random) =>
      pick(
        [
          'Here is the caption: ',
          'Sure! Here is a detailed description of the video: ',
          'Caption: ',
          '**Caption:** ',
          'ASSISTANT: ',
          'Here’s a refined caption: ',
        ],
        random,
      ) + caption,
  ),
  fault(
    'instruction',
    'prompt-leak-caption',
    'heuristic',
    (caption, random) =>
      pick(
        [
          'Describe this video in detail. ',
          'You are a helpful assistant. ',
          'Please describe the video. ',
          'Write a short caption for the clip. ',
        ],
        random,
      ) + caption,
  ),
  fault(
    'generation-settings',
    'prompt-leak-caption',
    'exact',
    (caption, random) => `${caption}" seed: ${1000 + Math.floor(random() * 9e6)}`,
  ),
  fault(
    'closing-words-hard',
    'prompt-leak-caption',
    'heuristic',
    (caption, random) =>
      caption +
      pick(
        [
          ' Let me know if you need more detail!',
          ' I hope this helps!',
          ' (96 words)',
          ' [confidence: 0.93]',
        ],
        random,
      ),
  ),
  ...CAPTION_REFUSALS,
  ...CAPTION_LOOPS,
  fault('mojibake', 'mojibake-caption', 'exact', (caption, random) =>
    insert(caption, misread(pick(FOREIGN, random)), random),
  ),
  fault('double-mojibake', 'mojibake-caption', 'exact', (caption, random) =>
    insert(caption, misread(misread(pick(FOREIGN, random))), random),
  ),
  fault('one-quote-hard', 'mojibake-caption', 'exact', (caption, random) =>
    insert(caption, misread('dog’s'), random),
  ),
  fault('replacement-character', 'mojibake-caption', 'exact', (caption, random) =>
    insert(caption, 'caf\u{FFFD}', random),
  ),
  fault('byte-order-mark', 'mojibake-caption', 'exact', (caption) => `\u{FEFF}${caption}`),
  // Inside of quotation marks an address is read aloud from a sign, which is description.
  fault('address', 'web-noise-caption', 'heuristic', (caption, random) =>
    insert(
      caption,
      pick(['https://example.com/a', 'www.example.org', 'shop.example.com'], random),
      random,
    ),
  ),
  fault('hashtags', 'web-noise-caption', 'exact', (caption) => `${caption} #travel #sunset`),
  fault('file-name', 'web-noise-caption', 'exact', (_, random) =>
    pick(
      [
        'IMG_20190412_113000',
        'DSC01234.JPG',
        'beach-final-2.png',
        'OLYMPUS DIGITAL CAMERA',
        'red_car_front_view',
      ],
      random,
    ),
  ),
  fault('entity', 'html-in-caption', 'exact', (caption, random) =>
    insert(
      caption,
      pick(['salt &amp; pepper', 'it&#39;s', '&quot;stop&quot;', '&amp;amp;'], random),
      random,
    ),
  ),
  fault('tag', 'html-in-caption', 'exact', (caption, random) =>
    insert(caption, pick(['<br>', '<b>red</b>', '<a href="x">', '</p>', '<br />'], random), random),
  ),
  fault(
    'script-switch',
    'wrong-script-caption',
    'heuristic',
    (caption, random) =>
      `${caption} A man in a coat is slowly ${pick(['走在街上', 'идёт', '歩いている', '걷고'], random)} along the road.`,
  ),
  fault('homoglyph-hard', 'wrong-script-caption', 'exact', (caption, random) =>
    insert(caption, 'pаssing', random),
  ),
  fault(
    'image-words',
    'modality-leak-caption',
    'heuristic',
    (caption, random) =>
      pick(
        [
          'The image shows this: ',
          'In this image, ',
          'The first frame shows a wall. ',
          'A sequence of images. ',
          'This photo depicts a scene. ',
        ],
        random,
      ) + caption,
  ),
  fault('reported-defect', 'defect-reporting-caption', 'heuristic', (_, random) =>
    pick(
      [
        'The video is completely black.',
        'The screen remains blank throughout.',
        'There is no visible content in this clip.',
        'The video appears to be frozen.',
        'A black screen with no sound.',
        'The footage is corrupted.',
        'Video is unplayable',
      ],
      random,
    ),
  ),
  fault('line-break', 'multiline-caption', 'exact', (caption, random) =>
    insert(caption, pick(['\n', '\r\n', '\u{2028}', '\n\n'], random), random),
  ),
  fault('trailing-line-break-hard', 'multiline-caption', 'exact', (caption) => `${caption}\n`),
  fault('endless', 'overlong-caption', 'exact', (caption) =>
    Array.from(
      { length: Math.ceil(4000 / (caption.length + 1)) },
      (_, index) => `${index} ${caption}`,
    ).join(' '),
  ),
  {
    name: 'time-after-the-end',
    rule: 'caption-time-out-of-range',
    kind: 'heuristic',
    inject: (row, random) => ({
      caption: `${(row.caption ?? '').replace(/[^.!?\s]$/u, '$&.')} ${pick(['At 0:57, the man sits down.', '[00:40 - 00:58] He leaves.', 'The light goes out at 58 seconds.'], random)}`,
      duration_s: 5 + random() * 20,
    }),
  },
  fault(
    'one-caption',
    'repeated-caption',
    'group',
    () =>
      'A young woman in a green raincoat walks along a wet pier at dusk while two gulls circle above the fishing boats behind her.',
  ),
  fault('character-limit', 'truncated-captions', 'group', (caption) =>
    cut(caption.padEnd(300, ' and the wind moves the leaves of all the old trees'), 255),
  ),
  fault(
    'template',
    'collapsed-captions',
    'group',
    (_, random) =>
      `This is a video of a ${pick(['person', 'horse', 'train', 'singer', 'plane', 'river'], random)} in a ${pick(['kitchen', 'meadow', 'station', 'theatre', 'hangar', 'valley'], random)} seen by a ${pick(['camera', 'visitor', 'drone', 'neighbour'], random)}.`,
  ),
  fault('boilerplate', 'boilerplate-captions', 'group', (caption) => `The video shows ${caption}`),
];
