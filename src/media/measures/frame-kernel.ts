import { FRAME_KERNEL_BASE64 } from './frame-kernel-bytes.ts';

/** What is used of WebAssembly: Node's types of version 20 know of it only by name, those of browsers in full. */
type WasmMemory = { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
type Wasm = {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: KernelFunctions };
};

/** Functions of `kernels/frame-kernel.ts`, where each is described; all arguments are integers. */
type KernelFunctions = {
  readonly memory: WasmMemory;
  readonly compare: (a: number, b: number, bytes: number, most: number) => number;
  readonly moments: (at: number, bytes: number, out: number) => void;
  readonly levelOfRank: (at: number, bytes: number, wanted: number) => number;
  readonly thumb: (at: number, out: number) => void;
  readonly differenceHash: (at: number, scratch: number) => bigint;
  readonly measureColour: (
    rgb: number,
    stride: number,
    width: number,
    height: number,
    luma: number,
    out: number,
  ) => void;
  readonly gradients: (plane: number, width: number, height: number, out: number) => void;
  readonly widen: (lowest: number, highest: number, plane: number, bytes: number) => void;
  readonly packStrips: (
    plane: number,
    stride: number,
    rows: number,
    width: number,
    strips: number,
    shift: number,
    out: number,
  ) => void;
  readonly addHistogram: (at: number, bytes: number, step: number, histogram: number) => void;
  readonly combPair: (
    first: number,
    second: number,
    width: number,
    height: number,
    motion: number,
    out: number,
  ) => void;
  readonly softness: (
    plane: number,
    width: number,
    height: number,
    step: number,
    out: number,
  ) => void;
  readonly blockBorders: (
    plane: number,
    width: number,
    height: number,
    lines: number,
    out: number,
  ) => void;
};

const held: unknown = Reflect.get(globalThis, 'WebAssembly');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: the language fixes what it holds
const wasm = held as Wasm;

const PAGE_BYTES = 65_536;

/** Bytes of the memory that each measure writes into; what follows `end` is for pictures at native size. */
export const KERNEL_LAYOUT = {
  /** Two 64x64 planes in turns, then the first one of the clip and the one that a freeze began with. */
  grays: [0, 4096],
  first: 8192,
  anchor: 12_288,
  thumb: 16_384,
  scratch: 16_640,
  results: 17_664,
  histogram: 17_920,
  luma: 18_944,
  rgb: 28_672,
  /** Extremes of luma over time, beside the luma of one picture: 9,728 bytes each. */
  lowest: 65_536,
  highest: 75_264,
  /** 16x16 thumbs of the first 300 frames. */
  thumbs: 86_016,
  end: 162_816,
} as const;

/** One memory and the loops that run in it. Callers share nothing: each borrows one. */
export class FrameKernel {
  readonly run: KernelFunctions;
  #bytes = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));

  constructor(module: object) {
    this.run = new wasm.Instance(module).exports;
    this.reserve(KERNEL_LAYOUT.end);
  }

  /** Makes the memory at least this large; earlier views of it are void then. */
  reserve(bytes: number): void {
    const missing = bytes - this.#bytes.length;
    if (missing <= 0) return;
    this.run.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.run.memory.buffer);
    this.#view = new DataView(this.run.memory.buffer);
  }

  write(bytes: Uint8Array, at: number): void {
    this.#bytes.set(bytes, at);
  }

  fill(from: number, to: number, level = 0): void {
    this.#bytes.fill(level, from, to);
  }

  copyWithin(to: number, from: number, bytes: number): void {
    this.#bytes.copyWithin(to, from, from + bytes);
  }

  /** A copy. */
  read(at: number, bytes: number): Uint8Array {
    return this.#bytes.slice(at, at + bytes);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  f64(at: number): number {
    return this.#view.getFloat64(at, true);
  }
}

/** Kernels that wait for the next clip: a memory costs more to make than a clip's measures. */
const idle: FrameKernel[] = [];
/** Memories beyond this are dropped rather than kept: a clip of 8K needs tens of megabytes once. */
const MOST_KEPT = 4;
let compiled: object | null = null;

/** A kernel for one clip; what is in its memory is undefined. */
export function borrowKernel(): FrameKernel {
  compiled ??= new wasm.Module(Buffer.from(FRAME_KERNEL_BASE64, 'base64'));
  return idle.pop() ?? new FrameKernel(compiled);
}

/** Gives a kernel back, for the next to borrow. */
export function returnKernel(kernel: FrameKernel): void {
  if (idle.length < MOST_KEPT) idle.push(kernel);
}
