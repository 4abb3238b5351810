/** A file that the example took from elsewhere. */
export type SourceFile = {
  /** Name under the folder of sources. */
  readonly file: string;
  readonly url: string;
  readonly licence: string;
  readonly credit: string;
};

const INTEL = {
  url: 'https://github.com/intel-iot-devkit/sample-videos/blob/57978890822836f2b4743852f04f62fc511757e4',
  licence: 'CC-BY-4.0',
  credit: 'Intel Corporation, sample-videos',
} as const;

const MDM = {
  url: 'https://github.com/GuyTevet/mdm-page/blob/b010293eeb95814c696948a5c46e2c94cb8418a1/static/figures',
  licence: 'MIT',
  credit: 'Guy Tevet and others, Human Motion Diffusion Model',
} as const;

const MOVIEPY = 'https://github.com/Zulko/moviepy/blob/7ffa4f0037/media';

const BUNNY = {
  licence: 'CC-BY-3.0',
  credit: '(c) 2008 Blender Foundation, www.bigbuckbunny.org',
} as const;

function camera(name: string): SourceFile {
  return { ...INTEL, file: `${name}.mp4`, url: `${INTEL.url}/${name}.mp4` };
}

function gesture(name: string): SourceFile {
  return { ...INTEL, file: `${name}.mkv`, url: `${INTEL.url}/asl_gestures/${name}.mkv` };
}

function motion(name: string): SourceFile {
  return { ...MDM, file: `${name}.mp4`, url: `${MDM.url}/${name}.mp4` };
}

function byName(names: readonly string[], make: (name: string) => SourceFile): SourceFile[] {
  return names.map(make);
}

/** Words signed in American Sign Language. */
export const GESTURES =
  'milk thanks eat hungry bird yes want student no help learn please school night brother sorry again walk'.split(
    ' ',
  );

/** Motions of the Human Motion Diffusion Model's page. */
export const MOTIONS =
  'kick1 kick2 kick3 kick4 kick5 kick6 kick7 kick8 kick9 bend turn punch run warmup sit jump'.split(
    ' ',
  );

/** Every file the example was made from. */
export const SOURCES: readonly SourceFile[] = [
  ...byName(['one-by-one-person-detection', 'bottle-detection', 'car-detection'], camera),
  ...byName(GESTURES, gesture),
  ...byName(MOTIONS, motion),
  {
    ...BUNNY,
    file: 'rotate-buck-bunny.mp4',
    url: 'https://github.com/Vanilagy/mediabunny/blob/394eede178/test/public/rotate-buck-bunny.mp4',
  },
  { ...BUNNY, file: 'big_buck_bunny_432_433.webm', url: `${MOVIEPY}/big_buck_bunny_432_433.webm` },
  { ...BUNNY, file: 'example2.mp4', url: `${MOVIEPY}/doc_medias/example2.mp4` },
  {
    file: 'example3.mp4',
    url: `${MOVIEPY}/doc_medias/example3.mp4`,
    licence: 'CC-BY-3.0',
    credit: '(c) Blender Foundation, www.sintel.org',
  },
  {
    file: 'nasa_13013.mp4',
    url: 'https://github.com/pytorch/torchcodec/blob/c66da14b7b/test/resources/nasa_13013.mp4',
    licence: 'public domain (work of the US government)',
    credit: 'NASA',
  },
  {
    file: 'man-on-green-screen.mp4',
    url: 'https://github.com/WyattBlue/auto-editor/blob/ecec17ae06/resources/only-video/man-on-green-screen.mp4',
    licence: 'Unlicense',
    credit: 'WyattBlue, auto-editor',
  },
  {
    file: 'SAR-2by3.mp4',
    url: 'https://github.com/WyattBlue/auto-editor/blob/ecec17ae06/resources/SAR-2by3.mp4',
    licence: 'Unlicense',
    credit: 'WyattBlue, auto-editor',
  },
  {
    file: 'bitmap.mp4',
    url: `${MOVIEPY}/bitmap.mp4`,
    licence: 'MIT',
    credit: 'Zulko and the moviepy authors',
  },
  {
    file: '-video-with-dash-.mp4',
    url: `${MOVIEPY}/-video-with-dash-.mp4`,
    licence: 'MIT',
    credit: 'Zulko and the moviepy authors',
  },
  {
    file: 'result.webm',
    url: `${MOVIEPY}/doc_medias/result.webm`,
    licence: 'MIT',
    credit: 'Zulko and the moviepy authors',
  },
];
