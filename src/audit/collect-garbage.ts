import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what JavaScript no longer needs. Between stages that are DuckDB's the heap does not grow, so that V8 sees no reason to
 * collect the 100 MB of captions that the comparison left behind, while DuckDB fills its limit.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect();
}
