import { setImmediate } from 'node:timers/promises';

import type { ShardFile } from '../shard-file.ts';
import { readTarIndex, type TarIndex } from './idx-file.ts';
import { openTar, type TarAccess } from './open-tar.ts';
import { type TarEnd, type TarMember, walkIndex, walkTar } from './walk-tar.ts';

/** What a tar is, known before its first member comes. */
export type WalkedTar = {
  /** By whoever gave it; null: nobody said. */
  readonly sizeBytes: number | null;
  readonly index: TarIndex;
};

/** What looks at the members of a tar. */
export type MemberVisitor = {
  readonly begin?: (tar: WalkedTar) => void;
  /** Takes the next member; true: no more are wanted. */
  readonly take: (member: TarMember) => boolean | Promise<boolean>;
};

/** Members between two looks at whether to go on. */
const MEMBERS_PER_BREATH = 2_048;

/**
 * The one way through a tar: members by an index beside it that proves true, else by their headers, on this machine or in a
 * store, compressed or not. Gives how the walk ended, null where no more was wanted. Throws what the file system or the store
 * says, and DecompressionFault.
 */
export async function walkMembers(
  file: ShardFile,
  access: TarAccess,
  visitor: MemberVisitor,
): Promise<TarEnd | null> {
  access.signal?.throwIfAborted();
  const { bytes, reader, close } = await openTar(file, access);
  try {
    const index = await readTarIndex(file, reader, access);
    visitor.begin?.({ sizeBytes: bytes.sizeBytes, index });
    const walk = index.state === 'valid' ? walkIndex(bytes, index.members) : walkTar(bytes);
    for (let members = 1; ; members++) {
      const step = await walk.next();
      if (step.done === true) return step.value;
      // Reads of a disk are synchronous: let an interruption in.
      if (members % MEMBERS_PER_BREATH === 0) await setImmediate();
      access.signal?.throwIfAborted();
      if (await visitor.take(step.value)) return null;
    }
  } finally {
    await close();
  }
}
