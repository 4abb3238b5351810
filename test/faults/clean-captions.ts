import { pick, type Random } from '../../src/faults/caption-fault.ts';

const SUBJECTS = [
  'A young woman in a green raincoat',
  'An old man with a grey beard',
  'A small brown dog',
  'Two children in yellow boots',
  'A red double-decker bus',
  'A street musician',
  'A flock of gulls',
  'The cook behind the counter',
  'A cyclist with a blue helmet',
  'A black-and-white cat',
  'A group of hikers',
  'A train with lit windows',
] as const;
const VERBS = [
  'walks along',
  'waits beside',
  'passes',
  'crosses',
  'looks over',
  'turns towards',
  'slowly circles',
  'stops in front of',
  'moves away from',
  'comes out of',
] as const;
const PLACES = [
  'a wet wooden pier',
  'the old town square',
  'a snow-covered field',
  'the entrance of a theatre',
  'a narrow mountain road',
  'a fountain',
  'the last house of the village',
  'a market stall full of oranges',
  'a frozen lake',
  'the black gate of a factory',
  'a wall with a framed picture',
  'a blank billboard',
] as const;
const LIGHTS = [
  'at dusk',
  'in bright morning light',
  'while rain falls',
  'under a cloudy sky',
  'as the sun sets behind the hills',
  'in the glow of red neon signs',
  'on a windy afternoon',
  'at 5 p.m.',
] as const;
const SHOTS = [
  'The camera pans slowly to the left',
  'The camera follows from behind',
  'The shot is wide and steady',
  'A sign reads “Open”',
  'Someone says: "I can\'t see you!"',
  'The background stays out of focus',
  'Leaves drift through the air',
  'A clock above shows 10:45',
  'Its jersey carries the #7',
  'A man apologises and a woman laughs',
] as const;
const OTHERS = [
  '한 남자가 우산을 들고 해변을 걷고 있습니다.',
  '一只狗在海滩上奔跑，远处有几艘渔船。',
  'Uma mulher de casaco verde caminha à beira-mar; não há ninguém à vista.',
  'رجل يمشي على الشاطئ عند الغروب.',
  'Собака бежит по мокрому пляжу.',
  '子供が公園でボールを投げている。',
  'Ein Junge wirft seiner Schwester den Ball zu – „Fang!“',
  'Một người đàn ông đang đi bộ trên bãi biển.',
  'समुद्र तट पर एक कुत्ता दौड़ रहा है।',
  'Une fillette mange une crêpe « à la plage ».',
  '🏖️ 🐕',
] as const;

/** Healthy captions in many scripts and lengths, with the words that traps are made of; about one in eleven is not English. */
export function writeCleanCaption(random: Random): string {
  if (random() < 0.09)
    return pick(OTHERS, random).replace(
      /[.。।”“–«» ]*$/u,
      (end) => ` ${Math.floor(random() * 1e9)}${end}`,
    );
  const sentences = 1 + Math.floor(random() * 6);
  return Array.from({ length: sentences }, (_, index) =>
    index % 2 === 1
      ? `${pick(SHOTS, random)}, ${pick(LIGHTS, random)}.`
      : `${pick(SUBJECTS, random)} ${pick(VERBS, random)} ${pick(PLACES, random)} ${pick(LIGHTS, random)}, ${Math.floor(2 + random() * 98)} steps from ${pick(PLACES, random)}.`,
  ).join(' ');
}

/** Mulberry32: small, seeded, good enough to place faults. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
