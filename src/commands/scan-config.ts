import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import { applyScanFlags, type ScanFlags } from './scan-flags.ts';

/**
 * The configuration of a command that scans: the file that `--config` names or the one here, and the flags over it.
 *
 * @throws {DailiesError} config or usage.
 */
export async function readScanConfig(
  paths: readonly string[],
  flags: ScanFlags,
  cwd: string,
): Promise<Config> {
  const config = await loadConfig(flags.config ?? null, cwd);
  return applyScanFlags(config, paths, flags, cwd, Object.keys(CANONICAL_COLUMNS));
}
