import { deflateRawSync } from 'node:zlib';

/** A record of an Avro file for tests: text, whole numbers and records of these; null stands for a missing value. */
export type AvroRecord = { readonly [name: string]: string | number | null | AvroRecord };

/** An Avro object container file of records that all have the fields of the first one, each a union with null. */
export function avro(records: readonly AvroRecord[], codec: 'null' | 'deflate' = 'null'): Buffer {
  const [first = {}] = records;
  const block = Buffer.concat(records.map((record) => encodeRecord(record)));
  const packed = codec === 'null' ? block : deflateRawSync(block);
  return avroFile(schemaOf('r', first), records.length, packed, codec);
}

/** An Avro file of one block, whatever is in it. */
export function avroFile(
  schema: unknown,
  count: number,
  block: Uint8Array,
  codec = 'null',
): Buffer {
  const sync = Buffer.alloc(16, 7);
  const header = [
    ['avro.schema', JSON.stringify(schema)],
    ['avro.codec', codec],
  ] as const;
  return Buffer.concat([
    Buffer.from('Obj\x01', 'latin1'),
    long(header.length),
    ...header.flatMap(([name, value]) => [text(name), text(value)]),
    long(0),
    sync,
    long(count),
    long(block.length),
    block,
    sync,
  ]);
}

function schemaOf(name: string, record: AvroRecord): unknown {
  const fields = Object.entries(record).map(([field, value]) => ({
    name: field,
    type: [
      'null',
      typeof value === 'object' && value !== null
        ? schemaOf(`${name}_${field}`, value)
        : typeof value === 'number'
          ? 'long'
          : 'string',
    ],
  }));
  return { type: 'record', name, fields };
}

function encodeRecord(record: AvroRecord): Buffer {
  return Buffer.concat(
    Object.values(record).map((value) => {
      if (value === null) return long(0);
      const encoded =
        typeof value === 'object'
          ? encodeRecord(value)
          : typeof value === 'number'
            ? long(value)
            : text(value);
      return Buffer.concat([long(1), encoded]);
    }),
  );
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([long(bytes.length), bytes]);
}

/** Zigzag, seven bits a byte. */
function long(value: number): Buffer {
  let rest = value >= 0 ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n;
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}
