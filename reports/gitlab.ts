import type { ReportInput } from '../src/run/document.ts';
import { listSlices } from './slices.ts';

/** Entries of a report; the merge request shows far fewer. */
const MOST_ENTRIES = 2_000;

const SEVERITIES = { error: 'critical', warning: 'major', note: 'info' } as const;

/** GitLab code quality: one entry per failed rule and shard (docs.gitlab.com, "Code quality report format"). */
export function renderGitlab(input: ReportInput): string {
  const entries = listSlices(input, MOST_ENTRIES).map((slice) => ({
    description: slice.message,
    check_name: slice.rule.id,
    fingerprint: slice.fingerprint,
    severity: SEVERITIES[slice.rule.severity],
    location: {
      path: slice.shard ?? input.run.dataset.name,
      lines: { begin: (slice.rowNumber ?? 0) + 1 },
    },
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
