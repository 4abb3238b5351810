import type { Random } from './caption-fault.ts';
import { type FaultRow, numberIn, textIn } from './row-fault.ts';

/** A bug that comes in from one version of a manifest to the next. */
type VersionFault = {
  readonly name: string;
  readonly rule: string;
  /** Canonical columns that the manifest must have. */
  readonly needs: readonly string[];
  readonly leastRows: number;
  /** Rows of the newer version; the given ones stay as they are, and are given back where they cannot take the fault. */
  readonly change: (rows: readonly FaultRow[], random: Random) => readonly FaultRow[];
  /** Columns that the newer version calls otherwise, or stores as another type. */
  readonly dropped?: readonly string[];
  readonly retyped?: Readonly<Record<string, string>>;
  /** Rows of the older version, where they are not all. */
  readonly before?: VersionFault['change'];
  /** Keys that were removed from a version older still. */
  readonly removed?: (rows: readonly FaultRow[]) => readonly string[];
};

type More = Partial<Pick<VersionFault, 'leastRows' | 'dropped' | 'retyped' | 'before' | 'removed'>>;

function fault(
  rule: string,
  name: string,
  needs: readonly string[],
  change: VersionFault['change'],
  more: More = {},
): VersionFault {
  return { rule, name, needs, change, leastRows: 20, ...more };
}

/** A number changed; what is none stays as it is. */
function changedNumber(row: FaultRow, column: string, change: (value: number) => number): unknown {
  const value = row[column];
  return typeof value === 'number' ? change(value) : value;
}

/** Changes one row in ten. */
function someRows(change: (row: FaultRow) => Readonly<Record<string, unknown>>) {
  return (rows: readonly FaultRow[]): readonly FaultRow[] =>
    rows.map((row, index) => (index % 10 === 3 ? { ...row, ...change(row) } : row));
}

const same: VersionFault['change'] = (rows) => rows;

/** What goes wrong between two versions: at least one fault for each rule that compares them. */
export const VERSION_FAULTS: readonly VersionFault[] = [
  fault('dropped-column', 'caption lost', ['caption'], same, { dropped: ['caption'] }),
  fault('retyped-column', 'length stored as text', ['duration_s'], same, {
    retyped: { duration_s: 'VARCHAR' },
  }),
  fault('lost-clips', 'a twentieth of the rows', ['key'], (rows) =>
    rows.filter((_, index) => index % 20 !== 7),
  ),
  fault('lost-source', 'all clips of the largest source', ['source_id'], (rows) => {
    const counts = new Map<string, number>();
    for (const row of rows) {
      const source = textIn(row, 'source_id');
      counts.set(source, (counts.get(source) ?? 0) + 1);
    }
    const [largest, clips = 0] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    // Small sources come and go with every filter.
    return clips < 10 ? rows : rows.filter((row) => row['source_id'] !== largest);
  }),
  fault('returned-clip', 'keys of a removal list', ['key'], same, {
    before: (rows) => rows.filter((_, index) => index % 20 !== 7),
    removed: (rows) => rows.filter((_, index) => index % 20 === 7).map((row) => row.key),
  }),
  fault('rekeyed-clip', 'keys of another scheme', ['key', 'path'], (rows) =>
    rows.map((row, index) => (index % 10 === 3 ? { ...row, key: `v2-${row.key}` } : row)),
  ),
  fault(
    'changed-clip',
    'other content under the same key',
    ['content_hash'],
    someRows((row) => ({ content_hash: `other-${textIn(row, 'content_hash')}` })),
  ),
  fault(
    'stale-caption',
    'cut moved, caption kept',
    ['caption', 'start_s', 'end_s'],
    someRows((row) => ({
      start_s: numberIn(row, 'start_s') + 2,
      end_s: numberIn(row, 'end_s') + 2,
    })),
  ),
  fault(
    'stale-features',
    'caption rewritten, its embedding kept',
    ['caption', 'text_embedding'],
    someRows(() => ({ caption: 'Something else altogether happens beside an old mill.' })),
  ),
  fault('reformatted-captions', 'all lower-cased', ['caption'], (rows) =>
    rows.map((row) => ({ ...row, caption: textIn(row, 'caption').toLowerCase() })),
  ),
  fault('moved-captions', 'by one row', ['caption'], (rows) =>
    rows.map((row, index) => ({ ...row, caption: rows[index + 1]?.['caption'] ?? null })),
  ),
  fault('changed-unit', 'seconds became milliseconds', ['duration_s'], (rows) =>
    rows.map((row) => ({
      ...row,
      duration_s: changedNumber(row, 'duration_s', (value) => value * 1000),
    })),
  ),
  fault(
    'column-drift',
    'a score from another model',
    ['motion_score'],
    (rows) =>
      rows.map((row) => ({
        ...row,
        motion_score: changedNumber(row, 'motion_score', (value) => 2 * Math.sqrt(value) + 3),
      })),
    { leastRows: 250 },
  ),
  fault(
    'column-drift',
    'clips cut longer',
    ['duration_s'],
    (rows) =>
      rows.map((row) => ({
        ...row,
        duration_s: changedNumber(row, 'duration_s', (value) => value * 1.6),
      })),
    { leastRows: 250 },
  ),
  fault(
    'threshold-regression',
    'a filter that moved',
    ['motion_score'],
    (rows) => {
      const scores = rows.map((row) => numberIn(row, 'motion_score')).toSorted((a, b) => a - b);
      const edge = scores[Math.floor(scores.length * 0.2)] ?? 0;
      return rows.filter((row) => numberIn(row, 'motion_score') >= edge);
    },
    { leastRows: 1_300 },
  ),
  fault('split-migration', 'drawn anew', ['split'], (rows, random) =>
    rows.map((row) =>
      random() < 0.1 ? { ...row, split: textIn(row, 'split') === 'train' ? 'val' : 'train' } : row,
    ),
  ),
  fault(
    'mixed-captioners',
    'a part recaptioned',
    ['caption', 'captioner'],
    someRows(() => ({
      captioner: 'another-model',
      caption: 'A caption by another model, of the same clip.',
    })),
  ),
];
