import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Raised when the same input would give other vectors. */
const VERSION = 1;

/** Vectors of pictures and captions by identity, kept between runs: one line each, so that a broken last line costs one. */
export class VectorCache {
  readonly #file: string;
  readonly #vectors: Map<string, Float32Array | null>;

  private constructor(file: string, vectors: Map<string, Float32Array | null>) {
    this.#file = file;
    this.#vectors = vectors;
  }

  static async open(cacheFolder: string, model: string): Promise<VectorCache> {
    const file = join(cacheFolder, `embeddings-v${VERSION}`, `${model}.txt`);
    const text = await readFile(file, 'utf8').catch(() => '');
    const vectors = new Map<string, Float32Array | null>();
    for (const line of text.split('\n')) {
      const found = /^(\w+) ([\w+/=]*);$/.exec(line);
      if (found === null) continue;
      const bytes = Buffer.from(found[2] ?? '', 'base64');
      vectors.set(
        found[1] ?? '',
        bytes.length === 0
          ? null
          : new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.length / 4)),
      );
    }
    await mkdir(dirname(file), { recursive: true });
    return new VectorCache(file, vectors);
  }

  has(identity: string): boolean {
    return this.#vectors.has(identity);
  }

  get(identity: string): Float32Array | null {
    return this.#vectors.get(identity) ?? null;
  }

  async add(found: readonly (readonly [string, Float32Array | null])[]): Promise<void> {
    const lines = found.map(([identity, vector]) => {
      this.#vectors.set(identity, vector);
      const bytes =
        vector === null
          ? Buffer.alloc(0)
          : Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
      return `${identity} ${bytes.toString('base64')};\n`;
    });
    if (lines.length > 0) await appendFile(this.#file, lines.join(''));
  }
}
