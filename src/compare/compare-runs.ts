import { resolve } from 'node:path';

import { readRun } from '../run/read-run.ts';
import { compareWithBaseline } from './against-baseline.ts';
import type { DiffDocument } from './diff-document.ts';
import type { Side } from './side.ts';

/** Rules and findings of two run folders; nothing if either side is a dataset. */
export async function compareRuns(
  before: Side,
  after: Side,
  cwd: string,
): Promise<Pick<DiffDocument, 'baseline' | 'ruleChanges'>> {
  if (before.run === null || after.run === null) return { baseline: null, ruleChanges: [] };
  const [older, newer] = await Promise.all(
    [before, after].map(async (side) => readRun(resolve(cwd, side.path))),
  );
  if (older === undefined || newer === undefined) return { baseline: null, ruleChanges: [] };
  const seen = compareWithBaseline(newer.run.rules, newer.findings, older);
  return {
    baseline: seen.baseline,
    ruleChanges: seen.rules.flatMap((rule) => {
      const was = rule.baseline;
      if (was === undefined || was.rate === null || rule.rate === null) return [];
      return [
        {
          id: rule.id,
          severity: rule.severity,
          before: { outcome: was.outcome, affected: was.affected, examined: was.examined },
          after: { outcome: rule.outcome, affected: rule.affected, examined: rule.examined },
          new: was.new,
          unchanged: was.unchanged,
          absent: was.absent,
          riseP: was.riseP,
        },
      ];
    }),
  };
}
