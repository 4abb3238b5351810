import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join, sep } from 'node:path';

import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_STORE_ACCESS } from '../src/stores/access.ts';
import { resolveMediaPath } from '../src/dataset/media-path.ts';
import { textOfMedium } from '../src/media/medium-text.ts';
import { stampMedium } from '../src/media/medium-stamp.ts';
import { openMedium } from '../src/media/open-medium.ts';
import { addFiles, makeFolder } from './dataset-room.ts';

const outside = makeFolder({ 'secret.mp4': 'x' });
const root = realpathSync(
  makeFolder({ 'a.mp4': 'x', '-leading dash.mp4': 'x', 'two\nlines.mp4': 'x', 'sub/b.mp4': 'x' }),
);
symlinkSync(outside, join(root, 'way-out'));
symlinkSync(join(root, 'sub'), join(root, 'inner'));
symlinkSync('loop', join(root, 'loop'));

describe('a path below the media root', () => {
  it.each([
    ['a.mp4', 'a.mp4'],
    ['./sub/../a.mp4', 'a.mp4'],
    ['-leading dash.mp4', '-leading dash.mp4'],
    ['two\nlines.mp4', 'two\nlines.mp4'],
    ['inner/b.mp4', 'sub/b.mp4'],
    ['not/there/yet.mp4', 'not/there/yet.mp4'],
    ['a.mp4/below-a-file.mp4', 'a.mp4/below-a-file.mp4'],
    ['50%#?.mp4', '50%#?.mp4'],
    ['..a.mp4', '..a.mp4'],
  ])('%j is taken as it is', (path, expected) => {
    expect(resolveMediaPath(root, path)).toMatchObject({
      ok: true,
      medium: { source: join(root, expected), range: null },
    });
  });

  it('may be absolute', () => {
    expect(resolveMediaPath(root, join(root, 'a.mp4'))).toEqual({
      ok: true,
      medium: { source: join(root, 'a.mp4'), range: null, name: 'a.mp4' },
    });
  });
});

describe('a path that is refused', () => {
  it.each([
    ['../a.mp4', 'path-outside-root'],
    ['sub/../../a.mp4', 'path-outside-root'],
    ['/etc/passwd', 'path-outside-root'],
    ['way-out/secret.mp4', 'path-outside-root'],
    ['way-out/absent.mp4', 'path-outside-root'],
    ['loop/a.mp4', 'invalid-path'],
    ['a\0.mp4', 'invalid-path'],
    ['', 'invalid-path'],
    [null, 'invalid-path'],
    ['lone \ud800.mp4', 'invalid-path'],
    ['caf\ufffd.mp4', 'invalid-path'],
    ['file:///etc/passwd', 'invalid-path'],
    ['data:image/png;base64,AA', 'invalid-path'],
    ['x'.repeat(5000), 'invalid-path'],
    ['ftp://example.org/a.mp4', 'invalid-path'],
    ['a.mp4#-1+2', 'invalid-path'],
    ['a.mp4#0+99999999999999999', 'invalid-path'],
    ['../a.tar/b.mp4#0+1', 'path-outside-root'],
    ['/etc/passwd#0+10', 'path-outside-root'],
    ['way-out/secret.mp4#0+1', 'path-outside-root'],
    ['way-out/x.tar/b.mp4#0+1', 'path-outside-root'],
    ['set.tar/../../etc/passwd#0+1', 'path-outside-root'],
    ['set.tar//etc/passwd#0+1', 'path-outside-root'],
    ['set.tar/..\\secret#0+1', 'path-outside-root'],
  ])('%j ends as %s', (path, code) => {
    expect(resolveMediaPath(root, path)).toMatchObject({ ok: false, error_code: code });
  });
});

it('never leads out of the root, whatever the parts of the path', () => {
  addFiles(root, { 'sub/deep/c.mp4': 'x' });
  mkdirSync(join(root, '.hidden'), { recursive: true });
  const part = constantFrom(
    '..',
    '.',
    '',
    'sub',
    'deep',
    'way-out',
    'inner',
    'secret.mp4',
    'a.mp4',
    '~',
    '%2e%2e',
    '/',
  );
  assert(
    property(array(part, { maxLength: 8 }), (parts) => {
      const found = resolveMediaPath(root, parts.join('/'));
      expect(
        !found.ok || found.medium.source === root || found.medium.source.startsWith(root + sep),
      ).toBe(true);
    }),
  );
});

describe('a range', () => {
  addFiles(root, {
    'set.tar': 'x'.repeat(100),
    'folder.tar/a.mp4': 'y'.repeat(50),
    'odd.mp4#1+2': 'z',
  });

  it.each([
    ['set.tar/a/b.mp4#10+20', 'set.tar', 'a/b.mp4', { start_bytes: 10, length_bytes: 20 }],
    ['set.tar/./b.mp4#10+20', 'set.tar', './b.mp4', { start_bytes: 10, length_bytes: 20 }],
    ['a.mp4#0+1', 'a.mp4', 'a.mp4', { start_bytes: 0, length_bytes: 1 }],
    ['folder.tar/a.mp4#2+3', 'folder.tar/a.mp4', 'a.mp4', { start_bytes: 2, length_bytes: 3 }],
    ['sub/../set.tar/b.mp4#1+1', 'set.tar', 'b.mp4', { start_bytes: 1, length_bytes: 1 }],
    ['odd.mp4#1+2', 'odd.mp4#1+2', 'odd.mp4#1+2', null],
  ])('%j is bytes of its container', (text, container, name, range) => {
    const medium = { source: join(root, container), range, name };
    expect(resolveMediaPath(root, text)).toEqual({ ok: true, medium });
    expect(resolveMediaPath('/', textOfMedium(medium))).toEqual({ ok: true, medium });
  });

  it.each([
    ['set.tar/a.mp4#90+20', 'invalid-path'],
    ['absent.tar/a.mp4#0+20', 'missing-file'],
    ['sub#0+1', 'not-a-file'],
  ])('%j cannot be opened: %s', async (text, code) => {
    const found = resolveMediaPath(root, text);
    if (!found.ok) throw new Error(found.error_message);
    expect(await stampMedium(found.medium, DEFAULT_STORE_ACCESS)).toMatchObject({
      ok: false,
      code,
    });
    expect(await openMedium(found.medium, DEFAULT_STORE_ACCESS)).toMatchObject({ ok: false, code });
  });
});

describe('a URL', () => {
  it.each([
    ['/data', 'https://host/a%20b.mp4?x=1', 'https://host/a%20b.mp4?x=1', 'a%20b.mp4'],
    ['/data', 's3://bucket/set/a.mp4', 's3://bucket/set/a.mp4', 'a.mp4'],
    ['s3://bucket/set', 'clips/a.mp4', 's3://bucket/set/clips/a.mp4', 'a.mp4'],
    ['s3://bucket/set/', './clips/../a#b.mp4', 's3://bucket/set/a#b.mp4', 'a'],
    [
      'https://host/set?token=1',
      'a b#c.mp4',
      'https://host/set/a%20b%23c.mp4?token=1',
      'a%20b%23c.mp4',
    ],
    ['hf://datasets/o/n', 'x.mp4', 'hf://datasets/o/n/x.mp4', 'x.mp4'],
  ])('under %j, %j is %j', (above, text, source, name) => {
    expect(resolveMediaPath(above, text)).toEqual({
      ok: true,
      medium: { source, range: null, name },
    });
  });

  it.each(['../a.mp4', '/a.mp4', 'a/../../b.mp4', '%2e%2e/b.mp4', '..%2fb.mp4', '..\\b.mp4'])(
    'never leaves its root by %j',
    (text) => {
      expect(resolveMediaPath('https://host/set', text)).toMatchObject({
        ok: false,
        error_code: 'path-outside-root',
      });
    },
  );

  it('may name a member of an archive', () => {
    expect(resolveMediaPath('s3://bucket/set', '000.tar/a.mp4#512+7')).toEqual({
      ok: true,
      medium: {
        source: 's3://bucket/set/000.tar',
        range: { start_bytes: 512, length_bytes: 7 },
        name: 'a.mp4',
      },
    });
  });
});
