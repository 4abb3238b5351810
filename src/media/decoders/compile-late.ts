import { setFlagsFromString } from 'node:v8';

/**
 * Bytes of bytecode that a function runs before it may be optimized, ten times what V8 11 takes. A process that
 * reads headers spent 44 % of the CPU of its first 2,000 media on optimizing code, in threads beside it: with this the
 * first thousand take 0.73 times as long, and from then on they take the same.
 */
const INTERRUPT_BUDGET_BYTES = 660_000;

/** Makes this process optimize only what runs often. An engine without the setting goes on as before. */
export function compileLate(): void {
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET_BYTES}`);
}
