import { objectsIn } from '../media/decoders/plain-objects.ts';

/** A medium's frames side by side in one WebP. */
export type StripPicture = {
  readonly webp: Uint8Array;
  readonly frameWidth_px: number;
  readonly frames: number;
};

/** A line to the encoder process. */
export type EncoderJob =
  | {
      readonly kind: 'open';
      /** Module of transformers.js, absolute path. */
      readonly library: string;
      /** Model id, or absolute path of a folder. */
      readonly model: string;
      readonly isLocal: boolean;
      /** Where fetched models are kept, absolute path. */
      readonly cacheFolder: string;
    }
  | { readonly kind: 'pictures'; readonly strips: readonly StripPicture[] }
  | { readonly kind: 'captions'; readonly captions: readonly string[] };

/** What a model says of itself once it is loaded. */
export type LoadedModel = { readonly modelType: string; readonly maxTokens: number };

/** Reads a job as it comes from the other process; throws if it is none. */
export function parseEncoderJob(value: unknown): EncoderJob {
  const job = objectsIn([value])[0] ?? {};
  const text = (name: string): string => {
    const field = job[name];
    if (typeof field !== 'string') throw new Error(`the job has no ${name}`);
    return field;
  };
  switch (job['kind']) {
    case 'open':
      return {
        kind: 'open',
        library: text('library'),
        model: text('model'),
        isLocal: job['isLocal'] === true,
        cacheFolder: text('cacheFolder'),
      };
    case 'pictures':
      return { kind: 'pictures', strips: objectsIn(job['strips']).flatMap(parseStrip) };
    case 'captions': {
      const captions: unknown = job['captions'];
      return { kind: 'captions', captions: Array.isArray(captions) ? captions.map(String) : [] };
    }
    default:
      throw new Error('no job of the encoder');
  }
}

function parseStrip(value: Readonly<Record<string, unknown>>): readonly StripPicture[] {
  const { webp, frameWidth_px, frames } = value;
  return webp instanceof Uint8Array
    ? [{ webp, frameWidth_px: Number(frameWidth_px), frames: Number(frames) }]
    : [];
}

/** The vectors of an answer, null where there is none. */
export function parseVectors(value: unknown): readonly (Float32Array | null)[] {
  return Array.isArray(value)
    ? value.map((each: unknown) => (each instanceof Float32Array ? each : null))
    : [];
}
