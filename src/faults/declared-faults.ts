import { changed, type FaultRow, numberIn, type RowFault, textIn } from './row-fault.ts';

/** Frame rates that are an integer times 1000/1001. */
function isNtsc(row: FaultRow): boolean {
  const fps = numberIn(row, 'fps');
  return (
    Math.abs(fps - Math.round(fps)) > 0.005 &&
    Math.abs((fps * 1001) / 1000 - Math.round(fps)) < 0.01
  );
}

/** What a manifest says of a medium, made wrong: only a look at the medium tells. */
export const DECLARED_FAULTS: readonly RowFault[] = [
  changed('duration-mismatch', 'half as long', ['duration_s'], (row) => ({
    duration_s: numberIn(row, 'duration_s') / 2,
  })),
  changed('duration-mismatch', 'length of the source', ['duration_s'], (row) => ({
    duration_s: numberIn(row, 'duration_s') + 7.3,
  })),
  changed('time-unit-mismatch', 'milliseconds', ['duration_s'], (row) => ({
    duration_s: numberIn(row, 'duration_s') * 1000,
  })),
  changed(
    'time-unit-mismatch',
    'frames',
    ['duration_s', 'fps', 'frame_count'],
    (row) => ({ duration_s: Math.round(numberIn(row, 'duration_s') * numberIn(row, 'fps')) }),
    // Below 10 frames a second a ratio of two durations says nothing of frames.
    (row) => numberIn(row, 'fps') >= 10 && numberIn(row, 'duration_s') >= 1,
  ),
  changed('fps-mismatch', 'rate of another export', ['fps'], (row) => ({
    fps: Math.abs(numberIn(row, 'fps') - 25) < 1 ? 30 : 25,
  })),
  changed('fps-mismatch', 'doubled', ['fps'], (row) => ({ fps: numberIn(row, 'fps') * 2 })),
  changed(
    'rounded-fps',
    'rounded to a whole number',
    ['fps'],
    (row) => ({ fps: Math.round(numberIn(row, 'fps')) }),
    isNtsc,
  ),
  changed('frame-count-mismatch', 'a second short', ['frame_count', 'fps'], (row) => ({
    frame_count: Math.max(1, Math.round(numberIn(row, 'frame_count') - numberIn(row, 'fps'))),
  })),
  changed('frame-count-mismatch', 'counted twice', ['frame_count'], (row) => ({
    frame_count: 2 * numberIn(row, 'frame_count'),
  })),
  changed('resolution-mismatch', 'size before scaling', ['width_px', 'height_px'], (row) => ({
    width_px: 2 * numberIn(row, 'width_px'),
    height_px: 2 * numberIn(row, 'height_px'),
  })),
  changed(
    'swapped-dimensions',
    'height for width',
    ['width_px', 'height_px'],
    (row) => ({ width_px: row['height_px'], height_px: row['width_px'] }),
    (row) => Math.abs(numberIn(row, 'width_px') / numberIn(row, 'height_px') - 1) > 0.05,
  ),
  changed('size-mismatch', 'size of another file', ['size_bytes'], (row) => ({
    size_bytes: Math.round(numberIn(row, 'size_bytes') * 0.6) + 17,
  })),
  changed('sample-rate-mismatch', '44.1 for 48 kHz', ['sample_rate_hz'], (row) => ({
    sample_rate_hz: numberIn(row, 'sample_rate_hz') === 44_100 ? 48_000 : 44_100,
  })),
  changed('missing-file', 'moved away', ['path'], (row) => ({
    path: textIn(row, 'path').replace(/([^/]+)$/, 'moved-$1'),
  })),
  changed('action-count-mismatch', 'every other action', ['actions'], (row) => ({
    actions: Array.isArray(row['actions'])
      ? row['actions'].filter((_, index) => index % 2 === 0)
      : row['actions'],
  })),
  {
    ...changed('action-lag', 'actions five frames late', ['actions'], (row) => ({
      actions: Array.isArray(row['actions'])
        ? [...row['actions'].slice(0, 5), ...row['actions'].slice(0, -5)]
        : row['actions'],
    })),
    reach: 'set',
  },
  {
    rule: 'shifted-metadata',
    name: 'size, rate and length of the next row',
    needs: ['width_px', 'height_px', 'fps', 'duration_s'],
    reach: 'set',
    leastRows: 60,
    inject: (rows, at) => ({
      rows: rows.map((row, index) => {
        const next = rows[index + 1];
        if (!at.has(row.key) || next === undefined) return row;
        const { width_px, height_px, fps, duration_s } = next;
        return { ...row, width_px, height_px, fps, duration_s };
      }),
      bad: at,
    }),
  },
];
