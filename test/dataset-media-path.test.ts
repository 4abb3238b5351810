import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join, sep } from 'node:path';

import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { resolveMediaPath } from '../src/dataset/media-path.ts';
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
    expect(resolveMediaPath(root, path)).toEqual({ ok: true, absolutePath: join(root, expected) });
  });

  it('may be absolute', () => {
    expect(resolveMediaPath(root, join(root, 'a.mp4'))).toEqual({
      ok: true,
      absolutePath: join(root, 'a.mp4'),
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
    ['https://example.org/a.mp4', 'unreachable'],
    ['s3://bucket/a.mp4', 'unreachable'],
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
        !found.ok || found.absolutePath === root || found.absolutePath.startsWith(root + sep),
      ).toBe(true);
    }),
  );
});
