import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { EncoderJob, LoadedModel, StripPicture } from './protocol.ts';
import { splitCaption } from './split-caption.ts';
import { callMethod, callValue, construct, fieldOf } from './transformers-library.ts';

/** Classes of the two towers by the model type that config.json names; CLIP's for the many exports that call themselves so. */
const TOWERS: Readonly<Record<string, { readonly text: string; readonly vision: string }>> = {
  clip: { text: 'CLIPTextModelWithProjection', vision: 'CLIPVisionModelWithProjection' },
  siglip: { text: 'SiglipTextModel', vision: 'SiglipVisionModel' },
  chinese_clip: { text: 'ChineseCLIPModel', vision: 'ChineseCLIPModel' },
  jina_clip: { text: 'JinaCLIPTextModel', vision: 'JinaCLIPVisionModel' },
};
/** Names that exports give to what is wanted, likeliest first. */
const OUTPUTS = {
  text: ['text_embeds', 'text_embeddings', 'l2norm_text_embeddings', 'pooler_output'],
  vision: ['image_embeds', 'image_embeddings', 'l2norm_image_embeddings', 'pooler_output'],
} as const;
/** Texts of CLIP, where the tokenizer does not say. */
const USUAL_TOKENS = 77;
/** Encoded together. */
const BATCH = 8;

/** Threads that wait must not spin: on a busy machine they take the time that others need to finish. */
const SESSION = { extra: { session: { intra_op: { allow_spinning: '0' } } } } as const;

type Tower = 'text' | 'vision';

/** Two towers that map pictures and captions into one space, run by transformers.js in this process. */
export class DualEncoder {
  readonly #library: unknown;
  readonly #tokenizer: unknown;
  readonly #processor: unknown;
  readonly #towers: Readonly<Record<Tower, unknown>>;
  readonly loaded: LoadedModel;

  private constructor(
    library: unknown,
    parts: {
      readonly tokenizer: unknown;
      readonly processor: unknown;
      readonly towers: Readonly<Record<Tower, unknown>>;
      readonly loaded: LoadedModel;
    },
  ) {
    this.#library = library;
    this.#tokenizer = parts.tokenizer;
    this.#processor = parts.processor;
    this.#towers = parts.towers;
    this.loaded = parts.loaded;
  }

  /** Loads both towers; of a local folder nothing is fetched. Throws what the library says. */
  static async load(job: Extract<EncoderJob, { kind: 'open' }>): Promise<DualEncoder> {
    const library: unknown = await import(pathToFileURL(job.library).href);
    const env = fieldOf(library, 'env');
    if (typeof env !== 'object' || env === null) throw new Error('transformers.js has no env');
    Object.assign(
      env,
      job.isLocal
        ? { allowRemoteModels: false, localModelPath: `${dirname(job.model)}/` }
        : { allowLocalModels: false, cacheDir: job.cacheFolder },
    );
    const id = job.isLocal ? basename(job.model) : job.model;
    const from = async (name: string, options: unknown = {}): Promise<unknown> =>
      callMethod(fieldOf(library, name), 'from_pretrained', id, options);
    const config = await from('AutoConfig');
    const modelType = String(fieldOf(config, 'model_type'));
    const classes = TOWERS[modelType];
    if (classes === undefined)
      throw new Error(
        `a model of type '${modelType}' is no dual encoder of pictures and text; known are ${Object.keys(TOWERS).join(', ')}`,
      );
    const tokenizer = await from('AutoTokenizer');
    const processor = await from('AutoProcessor');
    const tower = async (which: Tower): Promise<unknown> =>
      from(classes[which], {
        dtype: job.isLocal ? localType(job.model, which) : 'q8',
        session_options: SESSION,
      });
    const said = [
      fieldOf(tokenizer, 'model_max_length'),
      fieldOf(fieldOf(config, 'text_config'), 'max_position_embeddings'),
    ].filter((each) => typeof each === 'number' && each > 2 && each <= 8192);
    return new DualEncoder(library, {
      tokenizer,
      processor,
      towers: { text: await tower('text'), vision: await tower('vision') },
      loaded: {
        modelType,
        maxTokens: said.length === 0 ? USUAL_TOKENS : Math.min(...said.map(Number)),
      },
    });
  }

  /** A vector of each strip, the mean of its frames; null where a strip cannot be read. */
  async pictures(strips: readonly StripPicture[]): Promise<readonly (Float32Array | null)[]> {
    const images: unknown[] = [];
    const owners: number[] = [];
    for (const [index, strip] of strips.entries()) {
      for (const image of await this.#framesOf(strip).catch(() => [])) {
        images.push(image);
        owners.push(index);
      }
    }
    const vectors = await inBatches(images, async (batch) =>
      this.#run('vision', await callValue(this.#processor, batch)),
    );
    return averageByOwner(strips.length, owners, vectors);
  }

  /** A vector of each caption; of one that is too long for the model, the mean of its sentences. */
  async captions(captions: readonly string[]): Promise<readonly (Float32Array | null)[]> {
    const { maxTokens } = this.loaded;
    const pieces: string[] = [];
    const owners: number[] = [];
    for (const [index, caption] of captions.entries()) {
      const lengths = new Map<string, number>();
      // A token has a character at least: short text needs no count.
      const split =
        caption.length <= maxTokens - 2
          ? [caption]
          : splitCaption(caption, maxTokens, (text) => {
              const length = lengths.get(text) ?? this.#countTokens(text);
              lengths.set(text, length);
              return length;
            });
      for (const piece of split) {
        pieces.push(piece);
        owners.push(index);
      }
    }
    const vectors = await inBatches(pieces, async (batch) =>
      this.#run(
        'text',
        await callValue(this.#tokenizer, batch, {
          padding: 'max_length',
          truncation: true,
          max_length: maxTokens,
        }),
      ),
    );
    return averageByOwner(captions.length, owners, vectors);
  }

  async #framesOf({ webp, frameWidth_px, frames }: StripPicture): Promise<readonly unknown[]> {
    const RawImage = fieldOf(this.#library, 'RawImage');
    const blob = new Blob([Uint8Array.from(webp)], { type: 'image/webp' });
    const strip = await callMethod(RawImage, 'fromBlob', blob);
    const width = Number(fieldOf(strip, 'width'));
    const height = Number(fieldOf(strip, 'height'));
    const data = fieldOf(strip, 'data');
    const channels = Number(fieldOf(strip, 'channels'));
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) return [];
    const own = Math.min(frameWidth_px, width);
    return Array.from({ length: Math.min(frames, Math.floor(width / own)) }, (_, frame) => {
      const rgb = new Uint8ClampedArray(own * height * channels);
      for (let y = 0; y < height; y += 1) {
        const start = (y * width + frame * own) * channels;
        rgb.set(data.subarray(start, start + own * channels), y * own * channels);
      }
      return construct(RawImage, rgb, own, height, channels);
    });
  }

  #countTokens(text: string): number {
    const encode = fieldOf(this.#tokenizer, 'encode');
    if (typeof encode !== 'function') return text.length;
    const ids: unknown = Reflect.apply(encode, this.#tokenizer, [text]);
    return Array.isArray(ids) ? ids.length : text.length;
  }

  async #run(tower: Tower, inputs: unknown): Promise<readonly Float32Array[]> {
    const outputs = await callValue(this.#towers[tower], inputs);
    const tensor = OUTPUTS[tower].map((name) => fieldOf(outputs, name)).find((each) => each);
    const data = fieldOf(tensor, 'data');
    const dims = fieldOf(tensor, 'dims');
    if (!(data instanceof Float32Array) || !Array.isArray(dims))
      throw new Error(`the ${tower} tower gives none of ${OUTPUTS[tower].join(', ')}`);
    const dimension = Number(dims.at(-1));
    return Array.from({ length: data.length / dimension }, (_, row) =>
      data.slice(row * dimension, (row + 1) * dimension),
    );
  }
}

/** Weights of a tower in a local folder: quantised where there is no other file. */
function localType(folder: string, tower: Tower): string {
  const has = (suffix: string): boolean =>
    existsSync(join(folder, 'onnx', `${tower}_model${suffix}.onnx`));
  return !has('') && has('_quantized') ? 'q8' : !has('') && has('_fp16') ? 'fp16' : 'fp32';
}

async function inBatches<T>(
  items: readonly T[],
  work: (batch: readonly T[]) => Promise<readonly Float32Array[]>,
): Promise<readonly Float32Array[]> {
  const found: Float32Array[] = [];
  for (let start = 0; start < items.length; start += BATCH)
    found.push(...(await work(items.slice(start, start + BATCH))));
  return found;
}

/** Means of unit vectors, because towers do not scale theirs. */
function averageByOwner(
  count: number,
  owners: readonly number[],
  vectors: readonly Float32Array[],
): readonly (Float32Array | null)[] {
  const means: (Float32Array | null)[] = Array.from({ length: count }, () => null);
  vectors.forEach((vector, index) => {
    const owner = owners[index] ?? 0;
    const mean = means[owner] ?? new Float32Array(vector.length);
    means[owner] = mean;
    const length = Math.hypot(...vector);
    for (let i = 0; i < vector.length; i += 1)
      mean[i] = (mean[i] ?? 0) + (vector[i] ?? 0) / (length || 1);
  });
  return means;
}
