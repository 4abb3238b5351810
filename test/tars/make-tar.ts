import { Header } from 'tar';

/** A file in a tar made by hand. */
export type Entry = {
  readonly name: string;
  readonly body?: string | Uint8Array;
  readonly patch?: (header: Buffer) => void;
};

/** A header and its content, padded, as any tar writer makes them; `patch` spoils the header after its checksum is known. */
export function entry(
  { name, body = '', patch }: Entry,
  type: 'File' | 'SymbolicLink' = 'File',
): Buffer {
  const content = Buffer.from(body);
  const header = new Header({
    path: name,
    size: content.length,
    type,
    mode: 0o644,
    mtime: new Date(0),
  });
  const block = Buffer.alloc(512);
  header.encode(block);
  if (patch !== undefined) {
    patch(block);
    sign(block);
  }
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** Writes the checksum that fits the other bytes of a header. */
export function sign(block: Buffer): void {
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** The two blocks of zeros that end a tar. */
export const END = Buffer.alloc(1024);

/** A whole tar of files. */
export function tarOf(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map((each) => entry(each)), END]);
}
