import { type CaptionFault, pick, type Random } from './caption-fault.ts';

const REFUSALS = [
  "I'm sorry, but I can't assist with that request.",
  'I’m sorry, but I cannot provide a description of this video.',
  'I cannot describe the people in this image.',
  'Sorry, I am unable to view the clip you mention.',
  'As an AI language model, I cannot watch videos.',
  'Unfortunately, I am not able to identify the person in the video.',
  'I apologize, but I cannot fulfil this request.',
  'It seems that no image was provided.',
  'There is no video attached. Please upload it so I can describe it.',
  'I do not have the ability to view images.',
  '抱歉，我无法为您提供该视频的描述。',
  '죄송합니다. 이 영상을 설명할 수 없습니다.',
  '申し訳ありませんが、この画像を説明することはできません。',
  'Lo siento, pero no puedo ayudar con eso.',
  'Desculpe, mas não posso descrever esta imagem.',
  'Je suis désolé, mais je ne peux pas décrire cette vidéo.',
  'Es tut mir leid, aber ich kann dieses Video nicht beschreiben.',
] as const;

const SERVICE_ERRORS = [
  'Error: Request timed out.',
  'Internal Server Error',
  'Traceback (most recent call last): ValueError',
  'The request was rejected as a result of our safety system.',
  'data_inspection_failed',
  'Failed to process the video.',
] as const;

const MIDWAY = [
  'I cannot identify the individuals in the video.',
  'However, I am unable to describe the faces.',
  'I apologize, but the rest is unclear.',
  'As an AI language model, I can only guess.',
  "Unfortunately, I can't provide more information about this person.",
] as const;

function between(caption: string, sentence: string, random: Random): string {
  const sentences = caption.split('. ');
  const at = 1 + Math.floor(random() * sentences.length);
  return [...sentences.slice(0, at), sentence.replace(/\.$/, ''), ...sentences.slice(at)]
    .join('. ')
    .replace('..', '.');
}

/** Refusals and errors of a captioner: as the whole caption, in quotes, and in the middle of an ordinary one. */
export const CAPTION_REFUSALS: readonly CaptionFault[] = [
  {
    name: 'refusal',
    rule: 'refusal-caption',
    kind: 'heuristic',
    inject: (row, random) => ({ ...row, caption: pick(REFUSALS, random) }),
  },
  {
    name: 'quoted-refusal-hard',
    rule: 'refusal-caption',
    kind: 'heuristic',
    inject: (row, random) => ({ ...row, caption: `"${pick(REFUSALS, random)}"` }),
  },
  {
    name: 'service-error',
    rule: 'refusal-caption',
    kind: 'heuristic',
    inject: (row, random) => ({ ...row, caption: pick(SERVICE_ERRORS, random) }),
  },
  {
    name: 'refusal-midway-hard',
    rule: 'refusal-caption',
    kind: 'heuristic',
    inject: (row, random) => ({
      ...row,
      caption: between(row.caption ?? '', pick(MIDWAY, random), random),
    }),
  },
];
