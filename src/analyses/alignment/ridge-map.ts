import type { WordVector } from './caption-words.ts';

/** A pair that the map is learnt from. */
type Example = { readonly words: WordVector; readonly scores: Float64Array };

/** Sums over pairs from which a ridge map follows; sums of parts add up. */
export class RidgeSums {
  readonly #words: number;
  readonly #outputs: number;
  readonly #gram: Float64Array;
  readonly #cross: Float64Array;

  constructor(words: number, outputs: number) {
    this.#words = words;
    this.#outputs = outputs;
    this.#gram = new Float64Array(words * words);
    this.#cross = new Float64Array(words * outputs);
  }

  add({ words, scores }: Example): void {
    const { places, weights } = words;
    for (let a = 0; a < places.length; a += 1) {
      const row = places[a] ?? 0;
      const weight = weights[a] ?? 0;
      for (let b = 0; b < places.length; b += 1) {
        const at = row * this.#words + (places[b] ?? 0);
        this.#gram[at] = (this.#gram[at] ?? 0) + weight * (weights[b] ?? 0);
      }
      for (let o = 0; o < this.#outputs; o += 1) {
        const at = row * this.#outputs + o;
        this.#cross[at] = (this.#cross[at] ?? 0) + weight * (scores[o] ?? 0);
      }
    }
  }

  /** Weights `words x outputs` of the map from words to scores with the given penalty (Cholesky decomposition). */
  solve(penalty: number): Float64Array {
    const n = this.#words;
    const lower = this.#gram.slice();
    for (let i = 0; i < n; i += 1) lower[i * n + i] = (lower[i * n + i] ?? 0) + penalty;
    for (let j = 0; j < n; j += 1) {
      for (let i = j; i < n; i += 1) {
        let sum = lower[i * n + j] ?? 0;
        for (let k = 0; k < j; k += 1) sum -= (lower[i * n + k] ?? 0) * (lower[j * n + k] ?? 0);
        lower[i * n + j] =
          i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / (lower[j * n + j] ?? 1);
      }
    }
    const m = this.#outputs;
    const solution = this.#cross.slice();
    for (let o = 0; o < m; o += 1) {
      for (let i = 0; i < n; i += 1) {
        let sum = solution[i * m + o] ?? 0;
        for (let k = 0; k < i; k += 1) sum -= (lower[i * n + k] ?? 0) * (solution[k * m + o] ?? 0);
        solution[i * m + o] = sum / (lower[i * n + i] ?? 1);
      }
      for (let i = n - 1; i >= 0; i -= 1) {
        let sum = solution[i * m + o] ?? 0;
        for (let k = i + 1; k < n; k += 1)
          sum -= (lower[k * n + i] ?? 0) * (solution[k * m + o] ?? 0);
        solution[i * m + o] = sum / (lower[i * n + i] ?? 1);
      }
    }
    return solution;
  }
}

/** Where the words say the scores are. */
export function applyMap(map: Float64Array, words: WordVector, outputs: number): Float64Array {
  const scores = new Float64Array(outputs);
  for (let a = 0; a < words.places.length; a += 1) {
    const row = words.places[a] ?? 0;
    const weight = words.weights[a] ?? 0;
    for (let o = 0; o < outputs; o += 1)
      scores[o] = (scores[o] ?? 0) + weight * (map[row * outputs + o] ?? 0);
  }
  return scores;
}
