import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { fileMedium } from '../src/media/medium-text.ts';
import { openMedium } from '../src/media/open-medium.ts';
import type { EvidenceRow } from '../src/probes/evidence-tables.ts';
import { hashMedium, probeFile } from '../src/probes/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'dailies-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function fileRow(path: string): Promise<EvidenceRow<'files'>> {
  const medium = fileMedium(path);
  const opened = await openMedium(medium, DEFAULT_STORE_ACCESS);
  try {
    return await probeFile(medium, opened);
  } finally {
    if (opened.ok) await opened.reader.close();
  }
}

it('tells what a file is by its bytes, not its name', async () => {
  const path = join(folder, 'Clip.MP4');
  writeFileSync(path, '<html>gone</html>');
  expect(await fileRow(path)).toMatchObject({
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
  expect(await fileRow(join(folder, 'absent.mp4'))).toMatchObject({
    exists: false,
    error_code: 'missing-file',
  });
  expect(await fileRow(folder)).toMatchObject({
    exists: true,
    is_file: false,
    error_code: 'not-a-file',
  });
});

it('knows an empty file', async () => {
  const path = join(folder, 'empty.webm');
  writeFileSync(path, '');
  expect(await fileRow(path)).toMatchObject({ size_bytes: 0, magic: 'empty', error_code: null });
});

it('hashes all bytes of a file', async () => {
  const path = join(folder, 'abc');
  writeFileSync(path, 'abc');
  // FIPS 180-2, appendix B.1.
  expect(await hashMedium(fileMedium(path), DEFAULT_STORE_ACCESS)).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
