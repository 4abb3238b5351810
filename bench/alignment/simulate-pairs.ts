/** Pairs with a known relation: each side shows the clip's concept through noise of its own. */
export type Simulation = {
  readonly rows: number;
  /** Separation of matched pairs from unrelated ones, standard deviations; 0: no relation. */
  readonly dPrime: number;
  /** Share of the concept that clips of one source have in common. */
  readonly sourceShare: number;
  /** Share of the noise (look, wording) that clips of one source have in common. */
  readonly noiseShare: number;
  /** Mean clips of a source; lengths are geometric. */
  readonly sourceRows: number;
  readonly seed: number;
};

/** Picture and text vectors, `rows x DIMENSION` each. */
export type Pairs = { readonly picture: Float32Array; readonly text: Float32Array };

/** Effective dimensions of the simulated space. */
export const DIMENSION = 64;

/** Seeded uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seeded standard normal numbers (Box and Muller). */
export function normal(seed: number): () => number {
  const draw = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(draw() || 1e-12)) * Math.cos(2 * Math.PI * draw());
}

/** Normal numbers that vectors are cut from: far more than one simulation needs. */
const POOL = 1 << 20;
let pool: Float32Array | null = null;

/** Numbers of a standard normal distribution, drawn once; slices from random places are as good as new ones. */
function normalPool(): Float32Array {
  if (pool === null) {
    const gauss = normal(20_240_717);
    pool = Float32Array.from({ length: POOL }, gauss);
  }
  return pool;
}

/** Pairs of the plan; equal plans give equal pairs. */
export function simulatePairs(plan: Simulation): Pairs {
  const numbers = normalPool();
  const draw = uniform(Math.imul(plan.seed, 0x9e3779b1) ^ 0x5bd1e995);
  const d = DIMENSION;
  // Matched pairs have cosine c = w / (1 + w) with w = signal over noise power; unrelated ones spread by 1 / sqrt(d).
  const cosine = Math.min(0.95, plan.dPrime / Math.sqrt(d));
  const signal = Math.sqrt(cosine);
  const noise = Math.sqrt(1 - cosine);
  const picture = new Float32Array(plan.rows * d);
  const text = new Float32Array(plan.rows * d);
  const place = (): number => Math.floor(draw() * (POOL - d));
  const [commonSignal, ownSignal] = [Math.sqrt(plan.sourceShare), Math.sqrt(1 - plan.sourceShare)];
  const [commonNoise, ownNoise] = [Math.sqrt(plan.noiseShare), Math.sqrt(1 - plan.noiseShare)];
  let [concept, look, wording] = [place(), place(), place()];
  for (let row = 0; row < plan.rows; row += 1) {
    if (draw() < 1 / plan.sourceRows) [concept, look, wording] = [place(), place(), place()];
    const [own, ownLook, ownWording] = [place(), place(), place()];
    for (let i = 0; i < d; i += 1) {
      const shown =
        signal * (commonSignal * (numbers[concept + i] ?? 0) + ownSignal * (numbers[own + i] ?? 0));
      picture[row * d + i] =
        shown +
        noise * (commonNoise * (numbers[look + i] ?? 0) + ownNoise * (numbers[ownLook + i] ?? 0));
      text[row * d + i] =
        shown +
        noise *
          (commonNoise * (numbers[wording + i] ?? 0) + ownNoise * (numbers[ownWording + i] ?? 0));
    }
  }
  return { picture, text };
}

/** The text side with row `i` taken from row `order(i)`. */
export function reorder(text: Float32Array, order: (row: number) => number): Float32Array {
  const rows = text.length / DIMENSION;
  const moved = new Float32Array(text.length);
  for (let row = 0; row < rows; row += 1) {
    const from = ((order(row) % rows) + rows) % rows;
    moved.set(text.subarray(from * DIMENSION, (from + 1) * DIMENSION), row * DIMENSION);
  }
  return moved;
}

/** A permutation of `from..to` in which no row is left where it was more than by chance. */
export function shuffled(from: number, to: number, seed: number): (row: number) => number {
  const draw = uniform(seed);
  const order = Array.from({ length: to - from }, (_, index) => from + index);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(draw() * (i + 1));
    const held = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = held;
  }
  return (row) => (row >= from && row < to ? (order[row - from] ?? row) : row);
}
