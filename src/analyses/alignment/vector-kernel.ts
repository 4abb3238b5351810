/** What is used of WebAssembly: Node's types of version 20 know of it only by name, those of browsers in full. */
type WasmMemory = { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
type Wasm = {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: the language fixes what it holds
const wasm = Reflect.get(globalThis, 'WebAssembly') as Wasm;

/** Bytes of a vector are a multiple of this: two registers of four floats. */
const STEP_BYTES = 32;
const PAGE_BYTES = 65_536;

/** WebAssembly opcodes that the kernel is made of (WebAssembly core 1.0, and fixed-width SIMD). */
const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const get = (index: number): readonly number[] => [0x20, index];
const set = (index: number): readonly number[] => [0x21, index];
const i32 = (value: number): readonly number[] => [0x41, ...signed(value)];
const add = [0x6a];
const load = (offset: number): readonly number[] => [0xfd, 0x00, 0x04, offset];
const store = (offset: number): readonly number[] => [0xfd, 0x0b, 0x04, offset];
const mul4 = [0xfd, 0xe6, 0x01];
const add4 = [0xfd, 0xe4, 0x01];
const sub4 = [0xfd, 0xe5, 0x01];
const splat4 = [0xfd, 0x13];
const zero4 = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];
const lane = (index: number): readonly number[] => [0xfd, 0x1f, index];
const addF = [0x92];
const storeF = [0x38, 0x02, 0x00];
/** Sum of the four floats of a local register. */
const sumLanes = (local: number): readonly number[] => [
  ...get(local),
  ...lane(0),
  ...get(local),
  ...lane(1),
  ...addF,
  ...get(local),
  ...lane(2),
  ...get(local),
  ...lane(3),
  ...addF,
  ...addF,
];
/** Repeats `body` until the byte count in `counter` reaches the local `limit`; the body must not change either. */
const forEachStep = (
  counter: number,
  limit: number,
  body: readonly number[],
): readonly number[] => [
  ...i32(0),
  ...set(counter),
  0x03,
  0x40,
  ...body,
  ...get(counter),
  ...i32(STEP_BYTES),
  ...add,
  0x22,
  counter,
  ...get(limit),
  0x48,
  0x0d,
  0x00,
  0x0b,
];
const at = (base: number, counter: number): readonly number[] => [
  ...get(base),
  ...get(counter),
  ...add,
];

/** dots(a, b, count, bytes, out): inner products of `a` and `count` vectors one after the other from `b` on. */
const DOTS = {
  parameters: [I32, I32, I32, I32, I32],
  results: [],
  locals: [
    [1, I32],
    [2, V128],
  ],
  body: [
    0x03,
    0x40,
    ...zero4,
    ...set(6),
    ...zero4,
    ...set(7),
    ...forEachStep(5, 3, [
      ...at(0, 5),
      ...load(0),
      ...at(1, 5),
      ...load(0),
      ...mul4,
      ...get(6),
      ...add4,
      ...set(6),
      ...at(0, 5),
      ...load(16),
      ...at(1, 5),
      ...load(16),
      ...mul4,
      ...get(7),
      ...add4,
      ...set(7),
    ]),
    ...get(6),
    ...get(7),
    ...add4,
    ...set(6),
    ...get(4),
    ...sumLanes(6),
    ...storeF,
    ...get(1),
    ...get(3),
    ...add,
    ...set(1),
    ...get(4),
    ...i32(4),
    ...add,
    ...set(4),
    ...get(2),
    ...i32(-1),
    ...add,
    0x22,
    2,
    0x0d,
    0x00,
    0x0b,
  ],
} as const;

/** centre(from, mean, to, bytes): writes `from` less `mean` and returns the sum of its squares. */
const CENTRE = {
  parameters: [I32, I32, I32, I32],
  results: [F32],
  locals: [
    [1, I32],
    [2, V128],
  ],
  body: [
    ...zero4,
    ...set(5),
    ...forEachStep(
      4,
      3,
      [0, 16].flatMap((offset) => [
        ...at(0, 4),
        ...load(offset),
        ...at(1, 4),
        ...load(offset),
        ...sub4,
        ...set(6),
        ...at(2, 4),
        ...get(6),
        ...store(offset),
        ...get(6),
        ...get(6),
        ...mul4,
        ...get(5),
        ...add4,
        ...set(5),
      ]),
    ),
    ...sumLanes(5),
  ],
} as const;

/** scale(vector, factor, sum, bytes): multiplies in place and adds the result to `sum`. */
const SCALE = {
  parameters: [I32, F32, I32, I32],
  results: [],
  locals: [
    [1, I32],
    [2, V128],
  ],
  body: [
    ...get(1),
    ...splat4,
    ...set(5),
    ...forEachStep(
      4,
      3,
      [0, 16].flatMap((offset) => [
        ...at(0, 4),
        ...load(offset),
        ...get(5),
        ...mul4,
        ...set(6),
        ...at(0, 4),
        ...get(6),
        ...store(offset),
        ...at(2, 4),
        ...at(2, 4),
        ...load(offset),
        ...get(6),
        ...add4,
        ...store(offset),
      ]),
    ),
  ],
} as const;

const FUNCTIONS = { dots: DOTS, centre: CENTRE, scale: SCALE } as const;

/** Vectors of one length in memory of their own, and what is computed of them four numbers at a time. */
export class VectorKernel {
  readonly #memory: WasmMemory;
  readonly #functions: Readonly<Record<keyof typeof FUNCTIONS, (...values: number[]) => number>>;
  #floats: Float32Array;

  constructor() {
    this.#memory = new wasm.Memory({ initial: 1 });
    const { exports } = new wasm.Instance(compiled(), { m: { m: this.#memory } });
    const named = (name: string): ((...values: number[]) => number) => {
      const found = exports[name];
      if (typeof found !== 'function') throw new Error(`the kernel has no ${name}`);
      return (...values) => Number(found(...values));
    };
    this.#functions = { dots: named('dots'), centre: named('centre'), scale: named('scale') };
    this.#floats = new Float32Array(this.#memory.buffer);
  }

  /** All numbers; a new array after {@link VectorKernel.reserve}. */
  get floats(): Float32Array {
    return this.#floats;
  }

  /** Makes room for so many floats and sets them to zero. */
  reserve(count: number): void {
    const missing = count * 4 - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#floats.fill(0, 0, count);
  }

  /** Inner products of the vector at float `a` with `count` vectors from float `b` on, into `out`. */
  dots(a: number, b: number, count: number, length: number, out: number): void {
    this.#functions.dots(4 * a, 4 * b, count, 4 * length, 4 * out);
  }

  /** Writes the vector at `from` less `mean` to `to`; the sum of its squares. */
  centre(from: number, mean: number, to: number, length: number): number {
    return this.#functions.centre(4 * from, 4 * mean, 4 * to, 4 * length);
  }

  /** Multiplies a vector in place and adds the result to the one at `sum`. */
  scale(vector: number, factor: number, sum: number, length: number): void {
    this.#functions.scale(4 * vector, factor, 4 * sum, 4 * length);
  }
}

/** Floats that a vector of `dimension` numbers takes, so that every step is whole. */
export function paddedLength(dimension: number): number {
  return (Math.ceil((dimension * 4) / STEP_BYTES) * STEP_BYTES) / 4;
}

let module: object | null = null;

function compiled(): object {
  module ??= new wasm.Module(Uint8Array.from(encodeModule()));
  return module;
}

/** The binary format: types, one imported memory, functions, exports, code. */
function encodeModule(): readonly number[] {
  const all = Object.entries(FUNCTIONS);
  return [
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(
      1,
      all.map(([, { parameters, results }]) => [
        0x60,
        parameters.length,
        ...parameters,
        results.length,
        ...results,
      ]),
    ),
    ...section(2, [[...text('m'), ...text('m'), 0x02, 0x00, 0x01]]),
    ...section(
      3,
      all.map((_, index) => [index]),
    ),
    ...section(
      7,
      all.map(([name], index) => [...text(name), 0x00, index]),
    ),
    ...section(
      10,
      all.map(([, { locals, body }]) => {
        const code = [locals.length, ...locals.flat(), ...body, 0x0b];
        return [...unsigned(code.length), ...code];
      }),
    ),
  ];
}

function section(id: number, items: readonly (readonly number[])[]): readonly number[] {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): readonly number[] {
  return [value.length, ...Buffer.from(value, 'ascii')];
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): readonly number[] {
  return value >= -64 && value < 64
    ? [value & 0x7f]
    : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
