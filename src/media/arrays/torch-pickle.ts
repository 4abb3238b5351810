import { ArrayFault, type NumberType } from './array-header.ts';

/** A tensor as a pickle of PyTorch describes it. */
export type PickledTensor = {
  /** Where it stands: keys of dictionaries and positions in lists, joined by dots. */
  readonly name: string;
  /** Name of the file in the zip's `data/` that holds its numbers. */
  readonly storage: string;
  readonly type: NumberType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
};

/**
 * Values on the stack of a pickle. Names of Python objects and calls of them are data here: nothing is looked up, imported or
 * called.
 */
type Value =
  | { readonly kind: 'plain'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: Value[] }
  | { readonly kind: 'dict'; readonly entries: [Value, Value][] }
  | { readonly kind: 'global'; readonly name: string }
  | { readonly kind: 'storage'; readonly id: Value }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Value[] }
  | { readonly kind: 'mark' };

const NULL: Value = { kind: 'plain', value: null };

const MOST_OPCODES = 2_000_000;
const MOST_DEPTH = 64;
const MOST_TENSORS = 10_000;

/** https://pytorch.org/docs/stable/storage.html */
const STORAGE_TYPES: Readonly<Record<string, NumberType>> = {
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  CharStorage: 'int8',
  ShortStorage: 'int16',
  IntStorage: 'int32',
  LongStorage: 'int64',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
};

const DTYPES: Readonly<Record<string, NumberType>> = {
  'torch.float8_e4m3fn': 'float8_e4m3fn',
  'torch.float8_e5m2': 'float8_e5m2',
  'torch.uint16': 'uint16',
  'torch.uint32': 'uint32',
  'torch.uint64': 'uint64',
  'torch.float16': 'float16',
  'torch.bfloat16': 'bfloat16',
  'torch.float32': 'float32',
};

/**
 * The tensors that a pickle of torch.save names, by reading its opcodes as data (Python's pickletools lists them); objects of
 * other classes are passed over. Throws ArrayFault `corrupt-header` for what is no pickle.
 */
export function readTorchPickle(bytes: Uint8Array): readonly PickledTensor[] {
  const root = new PickleReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).read();
  const tensors: PickledTensor[] = [];
  collect(root, '', 0, tensors, new Set());
  return tensors;
}

class PickleReader {
  readonly #bytes: Buffer;
  readonly #stack: Value[] = [];
  readonly #memo = new Map<number, Value>();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): Value {
    for (let count = 0; count < MOST_OPCODES; count++) {
      const opcode = this.#take(1).toString('latin1');
      if (opcode === '.') return this.#pop();
      this.#step(opcode);
    }
    throw fault('the pickle has no end');
  }

  #step(opcode: string): void {
    switch (opcode) {
      case '\x80':
        this.#take(1);
        return;
      case '\x95':
        this.#take(8);
        return;
      case '(':
        return this.#push({ kind: 'mark' });
      case 'N':
        return this.#push(NULL);
      case '\x88':
        return this.#plain(true);
      case '\x89':
        return this.#plain(false);
      case 'K':
        return this.#plain(this.#take(1).readUInt8(0));
      case 'M':
        return this.#plain(this.#take(2).readUInt16LE(0));
      case 'J':
        return this.#plain(this.#take(4).readInt32LE(0));
      case '\x8a':
        return this.#plain(this.#long(this.#take(1).readUInt8(0)));
      case '\x8b':
        return this.#plain(this.#long(this.#take(4).readUInt32LE(0)));
      case 'G':
        return this.#plain(this.#take(8).readDoubleBE(0));
      case 'I':
      case 'L':
      case 'F':
        return this.#plain(Number.parseFloat(this.#line()));
      case 'X':
      case 'B':
      case 'T':
        return this.#text(this.#take(4).readUInt32LE(0));
      case '\x8c':
      case 'C':
      case 'U':
        return this.#text(this.#take(1).readUInt8(0));
      case '\x8d':
      case '\x8e':
        return this.#text(Number(this.#take(8).readBigUInt64LE(0)));
      case 'V':
      case 'S':
        return this.#plain(this.#line());
      case 'c':
        return this.#push({ kind: 'global', name: `${this.#line()}.${this.#line()}` });
      case '\x93':
        return this.#stackGlobal();
      case 'q':
        return this.#remember(this.#take(1).readUInt8(0));
      case 'r':
        return this.#remember(this.#take(4).readUInt32LE(0));
      case 'p':
        return this.#remember(Number.parseInt(this.#line(), 10));
      case '\x94':
        return this.#remember(this.#memo.size);
      case 'h':
        return this.#recall(this.#take(1).readUInt8(0));
      case 'j':
        return this.#recall(this.#take(4).readUInt32LE(0));
      case 'g':
        return this.#recall(Number.parseInt(this.#line(), 10));
      default:
        return this.#build(opcode);
    }
  }

  /** Opcodes that make something of what lies on the stack. */
  #build(opcode: string): void {
    switch (opcode) {
      case ')':
      case ']':
      case '\x8f':
        return this.#push({ kind: 'list', items: [] });
      case '}':
        return this.#push({ kind: 'dict', entries: [] });
      case 't':
      case 'l':
      case '\x91':
        return this.#push({ kind: 'list', items: this.#toMark() });
      case '\x85':
        return this.#push({ kind: 'list', items: this.#last(1) });
      case '\x86':
        return this.#push({ kind: 'list', items: this.#last(2) });
      case '\x87':
        return this.#push({ kind: 'list', items: this.#last(3) });
      case 'd':
        return this.#fill({ kind: 'dict', entries: [] }, this.#toMark(), true);
      case 'u':
        return this.#setItems(this.#toMark());
      case 's':
        return this.#setItems(this.#last(2));
      case 'e':
      case '\x90':
        return this.#append(this.#toMark());
      case 'a':
        return this.#append(this.#last(1));
      case 'Q':
        return this.#push({ kind: 'storage', id: this.#pop() });
      case 'P':
        return this.#push({ kind: 'storage', id: { kind: 'plain', value: this.#line() } });
      case 'R':
      case '\x81':
        return this.#call(this.#last(2));
      case '\x92':
        return this.#call(this.#last(3));
      case 'o':
      case 'i': {
        if (opcode === 'i') this.#line();
        if (opcode === 'i') this.#line();
        this.#toMark();
        return this.#push(NULL);
      }
      case 'b':
        // State that is set on an object: what the object is stays.
        this.#pop();
        return;
      case '0':
        this.#pop();
        return;
      case '1':
        this.#toMark();
        return;
      case '2': {
        const top = this.#pop();
        this.#push(top);
        return this.#push(top);
      }
      default:
        throw fault(`no opcode of a pickle is 0x${Buffer.from(opcode, 'latin1').toString('hex')}`);
    }
  }

  #call(parts: readonly Value[]): void {
    const [callee, args] = parts;
    const items = args?.kind === 'list' ? args.items : [];
    // Dictionaries that remember their order are built by a call without arguments.
    if (callee?.kind === 'global' && callee.name === 'collections.OrderedDict')
      return this.#fill(
        { kind: 'dict', entries: [] },
        items[0]?.kind === 'list'
          ? items[0].items.flatMap((pair) => (pair.kind === 'list' ? pair.items.slice(0, 2) : []))
          : [],
        true,
      );
    this.#push({ kind: 'call', name: callee?.kind === 'global' ? callee.name : '', args: items });
  }

  #setItems(items: readonly Value[]): void {
    const target = this.#stack.at(-1);
    if (target?.kind === 'dict') this.#fill(target, items, false);
    else if (target === undefined) throw fault('the pickle sets items of nothing');
  }

  #fill(dict: Extract<Value, { kind: 'dict' }>, items: readonly Value[], isNew: boolean): void {
    for (let i = 0; i + 1 < items.length; i += 2)
      dict.entries.push([items[i] ?? NULL, items[i + 1] ?? NULL]);
    if (isNew) this.#push(dict);
  }

  #append(items: readonly Value[]): void {
    const target = this.#stack.at(-1);
    if (target?.kind === 'list') target.items.push(...items);
  }

  #stackGlobal(): void {
    const [module, name] = this.#last(2);
    this.#push({ kind: 'global', name: `${textOf(module)}.${textOf(name)}` });
  }

  #push(value: Value): void {
    this.#stack.push(value);
  }

  #plain(value: string | number | boolean | null): void {
    this.#push({ kind: 'plain', value });
  }

  #text(length: number): void {
    this.#plain(this.#take(length).toString('utf8'));
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw fault('the pickle takes from an empty stack');
    return value;
  }

  #last(count: number): Value[] {
    if (this.#stack.length < count) throw fault('the pickle takes from an empty stack');
    return this.#stack.splice(-count);
  }

  #toMark(): Value[] {
    const at = this.#stack.findLastIndex((value) => value.kind === 'mark');
    if (at < 0) throw fault('the pickle has no mark');
    const items = this.#stack.splice(at);
    return items.slice(1);
  }

  #remember(id: number): void {
    const top = this.#stack.at(-1);
    if (top === undefined) throw fault('the pickle remembers nothing');
    this.#memo.set(id, top);
  }

  #recall(id: number): void {
    const value = this.#memo.get(id);
    if (value === undefined) throw fault('the pickle recalls what it never had');
    this.#push(value);
  }

  #long(length: number): number {
    const bytes = this.#take(length);
    let value = 0n;
    for (const [i, byte] of bytes.entries()) if (i < 16) value |= BigInt(byte) << BigInt(8 * i);
    const bits = Math.min(length, 16) * 8;
    return length === 0 ? 0 : Number(BigInt.asIntN(bits, value));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0 || end - this.#at > 4096) throw fault('a line of the pickle has no end');
    const line = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw fault('the pickle is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Tensors in a value, in the order in which they stand. */
function collect(
  value: Value,
  name: string,
  depth: number,
  tensors: PickledTensor[],
  seen: Set<Value>,
): void {
  // Memos make graphs, with cycles if somebody wants them to.
  if (depth > MOST_DEPTH || tensors.length >= MOST_TENSORS || seen.has(value)) return;
  if (value.kind === 'dict' || value.kind === 'list' || value.kind === 'call') seen.add(value);
  const under = (part: string | number): string => (name === '' ? String(part) : `${name}.${part}`);
  if (value.kind === 'dict') {
    for (const [key, item] of value.entries)
      collect(item, under(textOf(key).slice(0, 100)), depth + 1, tensors, seen);
  } else if (value.kind === 'list') {
    for (const [i, item] of value.items.entries())
      collect(item, under(i), depth + 1, tensors, seen);
  } else if (value.kind === 'call') {
    const tensor = tensorOf(value, name);
    if (tensor !== null) tensors.push(tensor);
    else for (const item of value.args) collect(item, name, depth + 1, tensors, seen);
  }
}

function tensorOf(
  { name: callee, args }: Extract<Value, { kind: 'call' }>,
  name: string,
): PickledTensor | null {
  if (!/^torch\._utils\._rebuild_tensor(_v[23])?$/.test(callee)) return null;
  const [storage, offset, shape, stride] = args;
  const id = storage?.kind === 'storage' && storage.id.kind === 'list' ? storage.id.items : [];
  const [, kind, key] = id;
  const named = kind?.kind === 'global' ? kind.name.replace(/^.*\./, '') : '';
  const dtype = args.findLast((arg) => arg.kind === 'global');
  const type = STORAGE_TYPES[named] ?? (dtype?.kind === 'global' ? DTYPES[dtype.name] : undefined);
  if (type === undefined || key === undefined) return null;
  return {
    name,
    storage: textOf(key),
    type,
    offset: numberOf(offset),
    shape: numbersOf(shape),
    stride: numbersOf(stride),
  };
}

function textOf(value: Value | undefined): string {
  return value?.kind === 'plain' ? String(value.value) : '';
}

function numberOf(value: Value | undefined): number {
  return value?.kind === 'plain' && typeof value.value === 'number' ? value.value : Number.NaN;
}

function numbersOf(value: Value | undefined): readonly number[] {
  return value?.kind === 'list' ? value.items.map((item) => numberOf(item)) : [];
}

function fault(message: string): ArrayFault {
  return new ArrayFault('corrupt-header', message);
}
