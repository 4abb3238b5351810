import { ArrayFault, type ArrayFile, type ReadBytes, type StoredArray } from './array-header.ts';
import { isNpy, openNpy } from './npy.ts';
import { isSafetensors, openSafetensors } from './safetensors.ts';
import { placeTensor } from './strided-tensor.ts';
import { readTorchPickle } from './torch-pickle.ts';
import { listZip, type ZipMember } from './zip-members.ts';

/** A pickle of tensors names them and no more; a longer one is an archive of something else. */
const LONGEST_PICKLE_BYTES = 8 * 1024 * 1024;

/** Members of an .npz whose headers are read at most. */
const MOST_ARRAYS = 64;

/**
 * Opens a file of arrays by what its first bytes are: .npy, .npz, safetensors, or .pt as a zip. Headers are read, numbers are
 * not, and nothing of a pickle is executed. Throws ArrayFault for what cannot be read.
 */
export async function openArrays(read: ReadBytes, sizeBytes: number): Promise<ArrayFile> {
  if (sizeBytes === 0) throw new ArrayFault('empty-file', 'the file has no bytes');
  const head = await read(0, 16);
  if (isNpy(head)) return { format: 'npy', arrays: [await openNpy(read, sizeBytes)] };
  if (head[0] === 0x50 && head[1] === 0x4b) return openZipped(await listZip(read, sizeBytes));
  if (isSafetensors(head, sizeBytes))
    return { format: 'safetensors', arrays: await openSafetensors(read, sizeBytes) };
  // Protocol 2 of pickle, how torch.save wrote before version 1.6.
  if (head[0] === 0x80 && (head[1] ?? 9) <= 5)
    throw new ArrayFault(
      'unsupported-codec',
      'a bare pickle, which is a program: it is not opened; save it again with PyTorch 1.6 or later, or as safetensors',
    );
  throw new ArrayFault('unknown-format', 'neither .npy nor .npz, safetensors or .pt begins so');
}

async function openZipped(members: readonly ZipMember[]): Promise<ArrayFile> {
  const pickle = members.find((member) => /^(?:[^/]+\/)?data\.pkl$/.test(member.name));
  if (pickle !== undefined) return { format: 'pt', arrays: await openTorch(members, pickle) };
  const npys = members.filter((member) => member.name.endsWith('.npy'));
  if (npys.length === 0)
    throw new ArrayFault('unknown-format', 'a zip without an .npy or a data.pkl in it');
  const arrays: StoredArray[] = [];
  for (const member of npys.slice(0, MOST_ARRAYS))
    arrays.push(await openNpy(member.read, member.size_bytes, member.name.replace(/\.npy$/, '')));
  return { format: 'npz', arrays };
}

async function openTorch(
  members: readonly ZipMember[],
  pickle: ZipMember,
): Promise<readonly StoredArray[]> {
  if (pickle.size_bytes > LONGEST_PICKLE_BYTES)
    throw new ArrayFault('unsupported-codec', `a pickle of ${pickle.size_bytes} bytes`);
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const order = members.find((member) => member.name === `${root}byteorder`);
  const isBigEndian =
    order !== undefined &&
    Buffer.from(await order.read(0, 16))
      .toString()
      .trim() === 'big';
  const tensors = readTorchPickle(await pickle.read(0, pickle.size_bytes));
  return tensors.map((tensor) => {
    const data = members.find((member) => member.name === `${root}data/${tensor.storage}`);
    const read: ReadBytes = async (at, length) =>
      data === undefined ? new Uint8Array(0) : data.read(at, length);
    const { name, shape, type } = tensor;
    return { name, shape, type, isBigEndian, ...placeTensor(tensor, data?.size_bytes ?? 0, read) };
  });
}
