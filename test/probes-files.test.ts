import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hashFile, probeFile } from '../src/probes/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'dailies-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tells what a file is by its bytes, not its name', async () => {
  const path = join(folder, 'Clip.MP4');
  writeFileSync(path, '<html>gone</html>');
  expect(await probeFile(path)).toMatchObject({
    exists: true,
    is_file: true,
    size_bytes: 17,
    extension: 'mp4',
    magic: 'html',
    content_hash: null,
    error_code: null,
  });
});

it('tells an absent file from a folder', async () => {
  expect(await probeFile(join(folder, 'absent.mp4'))).toMatchObject({
    exists: false,
    error_code: 'missing-file',
  });
  expect(await probeFile(folder)).toMatchObject({
    exists: true,
    is_file: false,
    error_code: 'not-a-file',
  });
});

it('knows an empty file', async () => {
  const path = join(folder, 'empty.webm');
  writeFileSync(path, '');
  expect(await probeFile(path)).toMatchObject({ size_bytes: 0, magic: 'empty', error_code: null });
});

it('hashes all bytes of a file', async () => {
  const path = join(folder, 'abc');
  writeFileSync(path, 'abc');
  // FIPS 180-2, appendix B.1.
  expect(await hashFile(path)).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
