// Writes the beginning of a verdict, read from stdin, into the README: the headline and the first rules.
import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** Blocks of the verdict that are shown: headline, counts and rules. */
const BLOCKS = 6;

const readme = new URL('../README.md', import.meta.url);
const verdict = (await text(process.stdin)).trim().split(/\n\s*\n/);
const shown = [...verdict.slice(0, BLOCKS), '  …'].join('\n\n');
const before = readFileSync(readme, 'utf8');
const after = before.replace(
  /(<!-- verdict: npm run generate -->\n)[\s\S]*?(<!-- \/verdict -->)/,
  (_, start, end) => `${start}\n\`\`\`text\n${shown}\n\`\`\`\n\n${end}`,
);
if (verdict.length < BLOCKS || !after.includes('<!-- /verdict -->')) throw new Error('no verdict');
writeFileSync(readme, after);
