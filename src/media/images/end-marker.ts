/**
 * Whether the bytes of an image stop before the end that its format marks; null for formats without such a mark.
 * Of a file that was not read whole, `bytes` are its beginning and its end, and `sizeBytes` its size.
 */
export function lacksEndMarker(
  bytes: Buffer,
  format: string,
  sizeBytes = bytes.length,
): boolean | null {
  switch (format) {
    case 'jpeg': {
      // End of image after the last start of scan; an end before that is a thumbnail's. ITU-T T.81, B.1.1.3.
      const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
      return scan >= 0 && bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) < scan;
    }
    case 'png':
      return !bytes.includes('IEND');
    case 'gif': {
      // The trailer; some writers pad the file with zeros behind it.
      let end = bytes.length;
      while (end > 0 && bytes[end - 1] === 0) end--;
      return bytes[end - 1] !== 0x3b;
    }
    case 'webp':
      return bytes.length >= 8 && bytes.readUInt32LE(4) + 8 > sizeBytes;
    default:
      return null;
  }
}
