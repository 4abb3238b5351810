import { openFileRanges } from '../../media/file-ranges.ts';
import type { ShardFile } from '../discover-shards.ts';
import { decompressFile } from './decompress-tar.ts';
import { bytesOfReader, bytesOfStream, type TarBytes } from './tar-bytes.ts';

/** A tar under way; close it when the walk is over. */
export type OpenTar = { readonly bytes: TarBytes; readonly close: () => Promise<void> };

/** Opens a tar for one walk. Throws the error of the file system, or a DecompressionFault while it is read. */
export async function openTar(file: ShardFile): Promise<OpenTar> {
  if (file.compression !== 'none') {
    const stream = decompressFile(file.path, file.compression);
    return {
      bytes: bytesOfStream(stream),
      close: async () => {
        await stream.return();
      },
    };
  }
  const { reader } = await openFileRanges(file.path);
  return { bytes: bytesOfReader(reader), close: async () => reader.close() };
}
