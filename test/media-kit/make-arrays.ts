import { crc32, deflateRawSync } from 'node:zlib';

/** An .npy file of version 1, as numpy.save writes it. */
export function npy(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  more: { readonly fortran?: boolean } = {},
): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${more.fortran === true ? 'True' : 'False'}, 'shape': (${sides}), }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), data]);
}

/** A zip, members stored or deflated. */
export function zip(
  members: readonly {
    readonly name: string;
    readonly data: Uint8Array;
    readonly isDeflated?: boolean;
  }[],
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, isDeflated } of members) {
    const packed = isDeflated === true ? deflateRawSync(data) : Buffer.from(data);
    const fields = Buffer.alloc(22);
    fields.writeUInt16LE(isDeflated === true ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    const lengths = Buffer.from([name.length, 0, 0, 0]);
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04\x14\0', 'latin1'),
      fields.subarray(2),
      lengths,
      Buffer.from(name),
    ]);
    const central = Buffer.concat([
      Buffer.from('PK\x01\x02\x14\0\x14\0', 'latin1'),
      fields.subarray(2),
      lengths,
      Buffer.alloc(10),
      uint32(at),
      Buffer.from(name),
    ]);
    parts.push(local, packed);
    directory.push(central);
    at += local.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, central, end]);
}

/** A safetensors file of a header and numbers. */
export function safetensors(header: unknown, data: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from('X'), uint32(value.length), Buffer.from(value)]);
const int = (value: number): Buffer => Buffer.concat([Buffer.from('J'), uint32(value)]);
const global = (module: string, own: string): Buffer => Buffer.from(`c${module}\n${own}\n`);
const tuple = (values: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from('('), ...values.map(int), Buffer.from('t')]);

/** What torch.save writes of `{name: tensor}`, protocol 2. */
export function torchPickle(
  name: string,
  storage: string,
  shape: readonly number[],
  offset = 0,
  stride: readonly number[] = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1)),
): Buffer {
  const count = shape.reduce((a, b) => a * b, 1);
  return Buffer.concat([
    Buffer.from('\x80\x02}q\0', 'latin1'),
    text(name),
    global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.from('q\x01((', 'latin1'),
    text('storage'),
    global('torch', storage),
    text('0'),
    text('cpu'),
    int(count),
    Buffer.from('tQ'),
    int(offset),
    tuple(shape),
    tuple(stride),
    Buffer.from('\x89', 'latin1'),
    global('collections', 'OrderedDict'),
    Buffer.from(')RtRs.'),
  ]);
}

/** A .pt file as PyTorch has written it since 1.6. */
export function torchFile(pickle: Buffer, data: Uint8Array): Buffer {
  return zip([
    { name: 'latent/data.pkl', data: pickle },
    { name: 'latent/byteorder', data: Buffer.from('little') },
    { name: 'latent/data/0', data },
    { name: 'latent/version', data: Buffer.from('3\n') },
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Normal numbers of a seed (Box-Muller over a linear congruential generator). */
export function normals(count: number, seed: number, std = 1): number[] {
  let state = seed * 2654435761 + 12345;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return Array.from(
    { length: count },
    () => std * Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** Numbers as IEEE 754 binary16, little endian, rounded to nearest. */
export function float16(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(halfOf(value), i * 2);
  return bytes;
}

function halfOf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  return sign | (Math.round((size / 2 ** exponent - 1) * 1024) + ((exponent + 15) << 10));
}

/** Numbers as bfloat16, little endian, cut off. */
export function bfloat16(values: readonly number[]): Buffer {
  const wide = float32(values);
  const bytes = Buffer.alloc(values.length * 2);
  for (let i = 0; i < values.length; i++) wide.copy(bytes, i * 2, i * 4 + 2, i * 4 + 4);
  return bytes;
}

export function float32(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes;
}
