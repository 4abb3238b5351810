import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { KillableChild } from '../media/decoders/killable-child.ts';
import { type EncoderJob, parseVectors, type StripPicture } from './protocol.ts';
import { findTransformers } from './transformers-library.ts';

/** A model may have to be fetched first. */
const OPEN_DEADLINE_S = 1_800;
const JOB_DEADLINE_S = 300;
/** Tokenizers of 250,000 words are large objects. */
const HEAP_MB = 2_048;

/** What a folder of a model must hold. */
const NEEDED_FILES = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
] as const;
const TOWER_FILES = ['text_model', 'vision_model'] as const;

/** A dual encoder in a process of its own, so that what its native code does wrong costs a message. */
export class Encoder {
  /** Stable while the model's files stay: sha256, 16 hex digits. */
  readonly identity: string;
  readonly #open: Extract<EncoderJob, { kind: 'open' }>;
  #child: KillableChild | null = null;

  private constructor(open: Extract<EncoderJob, { kind: 'open' }>, identity: string) {
    this.#open = open;
    this.identity = identity;
  }

  /**
   * Loads a model: a folder, else an id of the Hugging Face hub, which is fetched once.
   *
   * @throws {DailiesError} usage, if transformers.js is not installed, or the model is none.
   */
  static async open(model: string, cwd: string, cacheFolder: string): Promise<Encoder> {
    const library = findTransformers(cwd);
    const folder = resolve(cwd, model);
    const isLocal = existsSync(folder) && statSync(folder).isDirectory();
    if (!isLocal && /^[./~]|\\|^[A-Za-z]:/.test(model))
      throw new DailiesError('usage', `--align-model ${model}: no such folder`);
    if (!isLocal && !/^[\w.-]+\/[\w.-]+$/.test(model))
      throw new DailiesError('usage', `--align-model ${model}: neither a folder nor a model id`, {
        hint: 'as in --align-model Xenova/clip-vit-base-patch32, or a folder with config.json and onnx/',
      });
    const identity = isLocal ? identifyFolder(model, folder) : hash(model);
    const encoder = new Encoder(
      {
        kind: 'open',
        library,
        model: isLocal ? folder : model,
        isLocal,
        cacheFolder: join(cacheFolder, 'models'),
      },
      identity,
    );
    try {
      await encoder.#start();
    } catch (cause) {
      await encoder.close();
      throw new DailiesError(
        'usage',
        `--align-model ${model} could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause, hint: 'see --align-model in the README for models that are known to work' },
      );
    }
    return encoder;
  }

  /** Vectors of pictures, null where one cannot be read. */
  async pictures(strips: readonly StripPicture[]): Promise<readonly (Float32Array | null)[]> {
    return parseVectors(await this.#run({ kind: 'pictures', strips }));
  }

  /** Vectors of captions. */
  async captions(captions: readonly string[]): Promise<readonly (Float32Array | null)[]> {
    return parseVectors(await this.#run({ kind: 'captions', captions }));
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.kill();
  }

  async #start(): Promise<KillableChild> {
    const child = new KillableChild('src/encoder/encoder-child.js', { heap_mb: HEAP_MB });
    this.#child = child;
    if (!(await child.start())) throw new Error('the process of the model did not start');
    const end = await child.run(this.#open, { deadline_s: OPEN_DEADLINE_S });
    if (end.kind !== 'answered') throw new Error(end.reason);
    return child;
  }

  async #run(job: EncoderJob): Promise<unknown> {
    const child = this.#child?.isAlive === true ? this.#child : await this.#start();
    const end = await child.run(job, { deadline_s: JOB_DEADLINE_S });
    if (end.kind === 'answered') return end.answer;
    throw new DailiesError('engine', `the model of --align-model failed: ${end.reason}`);
  }
}

/** Says at once which file is missing: the library would speak of undefined. */
function identifyFolder(model: string, folder: string): string {
  const missing = [
    ...NEEDED_FILES.filter((file) => !existsSync(join(folder, file))),
    ...TOWER_FILES.filter(
      (name) =>
        !['', '_quantized', '_fp16'].some((suffix) =>
          existsSync(join(folder, 'onnx', `${name}${suffix}.onnx`)),
        ),
    ).map((name) => `onnx/${name}.onnx`),
  ];
  if (missing.length > 0)
    throw new DailiesError('usage', `--align-model ${model}: ${missing.join(', ')} missing`, {
      hint: 'a model folder holds config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json and onnx/{text,vision}_model.onnx',
    });
  const sizes = TOWER_FILES.flatMap((name) =>
    ['', '_quantized', '_fp16'].map((suffix) => {
      const found = statSync(join(folder, 'onnx', `${name}${suffix}.onnx`), {
        throwIfNoEntry: false,
      });
      return `${found?.size ?? ''} ${found?.mtimeMs ?? ''}`;
    }),
  );
  return hash(`${folder}\0${sizes.join('\0')}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
