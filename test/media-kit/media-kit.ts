import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClipRecipe } from '../../src/media/encode/clip-recipe.ts';
import { FAULT_CASES, type FaultRule } from '../../src/media/faults/fault-cases.ts';
import { writeVariant, type FaultVariant } from '../../src/media/faults/fault-variant.ts';

/** Bump when the kit writes other bytes for the same recipe. */
const KIT_VERSION = 2;

/** A file of the kit, with what it is. */
export type KitClip = {
  readonly rule: FaultRule;
  readonly name: string;
  readonly isFaulty: boolean;
  readonly file: string;
};

/** The clip that faults are made from where a test gives no other. */
export const BASE_RECIPE: ClipRecipe = { source: 'testsrc2', fps: 24, duration_s: 2, seed: 1 };

/**
 * Where made clips are kept, named by the hash of their recipe: shared by test files, and by runs on one machine.
 */
export function kitFolder(): string {
  const folder = join(tmpdir(), `dailies-media-kit-${KIT_VERSION}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function recipeHash(parts: unknown): string {
  const text = JSON.stringify(parts, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

/** Path of the kept file for these parts, made by `write` if it is not there yet. */
export async function keepFile(
  parts: unknown,
  suffix: string,
  write: (file: string) => Promise<unknown>,
): Promise<string> {
  const hash = recipeHash(parts);
  const file = join(kitFolder(), `${hash}${suffix}`);
  if (!existsSync(file)) {
    const fresh = join(dirname(file), `${hash}.${process.pid}${suffix}`);
    await write(fresh);
    await rename(fresh, file);
  }
  return file;
}

async function sourceDigests(recipe: ClipRecipe): Promise<readonly string[]> {
  const sources = [recipe.source ?? 'testsrc2'].flat();
  const files = sources.flatMap((source) =>
    typeof source === 'object' && 'file' in source ? [source.file] : [],
  );
  const contents = await Promise.all(files.map((file) => readFile(file)));
  return contents.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
}

/** Path of the clip of a variant. */
export async function makeVariant(variant: FaultVariant): Promise<string> {
  const digests = await sourceDigests(variant.recipe);
  return keepFile([variant, digests], variant.suffix ?? '.mp4', (file) =>
    writeVariant(file, variant),
  );
}

/** Path of the clip of a recipe; functions in it must not read variables from outside, as the cache cannot see them. */
export async function makeClip(recipe: ClipRecipe, suffix = '.mp4'): Promise<string> {
  return makeVariant({ name: 'clip', recipe, suffix });
}

/** All clips of one rule: faulty ones first, then look-alikes. */
export async function makeFault(
  rule: FaultRule,
  base: ClipRecipe = BASE_RECIPE,
): Promise<readonly KitClip[]> {
  const {
    faulty,
    lookalikes,
  }: { faulty: readonly FaultVariant[]; lookalikes: readonly FaultVariant[] } =
    FAULT_CASES[rule](base);
  const clips: KitClip[] = [];
  for (const variant of faulty) {
    clips.push({ rule, name: variant.name, isFaulty: true, file: await makeVariant(variant) });
  }
  for (const variant of lookalikes) {
    clips.push({ rule, name: variant.name, isFaulty: false, file: await makeVariant(variant) });
  }
  return clips;
}
