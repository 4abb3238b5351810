import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { detectMagic, type Magic } from '../../src/media/magic.ts';

const CLIPS = join(import.meta.dirname, 'clips');

it.each([
  ['h264.mp4', 'mp4'],
  ['h264.mkv', 'matroska'],
  ['vp9.webm', 'webm'],
  ['live.mkv', 'matroska'],
  ['README.md', 'text'],
] as const)('knows %s by its first bytes', (name, magic) => {
  expect(detectMagic(readFileSync(join(CLIPS, name)).subarray(0, 1024))).toBe(magic);
});

const samples: readonly (readonly [string, Magic])[] = [
  ['', 'empty'],
  ['\0\0\0\x14ftypqt  \0\0\0\0', 'mov'],
  ['\0\0\0\x08wide\0\0\0\x10mdat', 'mov'],
  ['\0\0\0\x1cftypavif\0\0\0\0', 'avif'],
  ['\0\0\0\x1cftypmif1\0\0\0\0mif1heic', 'heic'],
  ['RIFF\x10\0\0\0AVI LIST', 'avi'],
  ['RIFF\x10\0\0\0WEBPVP8 ', 'webp'],
  ['\xff\xd8\xff\xe0', 'jpeg'],
  ['GIF89a', 'gif'],
  ['FLV\x01\x05', 'flv'],
  ['\n<!DOCTYPE html>', 'html'],
  ['<?xml version="1.0"?>\n<svg xmlns="x">', 'svg'],
  ['{"error": "not found"}', 'json'],
  ['Access denied', 'text'],
  ['version https://git-lfs.github.com/spec/v1', 'git-lfs'],
  ['PK\x03\x04', 'zip'],
  ['\0'.repeat(300), 'zeros'],
  ['\x01\x02\x03\x04\x05\x06\x07\x08', 'unknown'],
  [`G${'\0'.repeat(187)}G${'\0'.repeat(187)}G`, 'mpegts'],
];

it.each(samples)('knows %j', (text, magic) => {
  expect(detectMagic(Buffer.from(text, 'latin1'))).toBe(magic);
});
