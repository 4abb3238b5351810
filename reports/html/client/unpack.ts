import type { Island } from '../island.ts';

/** Unpacks the data island: base64, gzip, JSON. */
export async function unpackIsland(source: string): Promise<Island> {
  const bytes = Uint8Array.from(atob(source), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const island: unknown = await new Response(stream).json();
  if (!isIsland(island)) throw new Error('the findings are packed in an unknown way');
  return island;
}

/** The island was written by the same build as this script: its version vouches for the rest. */
function isIsland(value: unknown): value is Island {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1;
}
