import type { RunDocument } from '../src/run/document.ts';

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,204,331` */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** A ratio 0–1 as percent with three significant digits at most: `13.7 %`, `0.042 %`, `100 %`. */
export function formatPercent(ratio: number): string {
  return `${percentDigits(ratio)} %`;
}

/** Never rounds a part of all up to all, nor something down to nothing. */
function percentDigits(ratio: number): string {
  const percent = ratio * 100;
  if (percent === 0 || percent === 100) return String(percent);
  if (percent > 99.95) return '> 99.9';
  if (percent < 0.001) return '< 0.001';
  return percent >= 1 ? percent.toFixed(1) : percent.toPrecision(2);
}

/** `12.5–15.0 %` */
export function formatInterval(interval: { readonly low: number; readonly high: number }): string {
  return `${percentDigits(interval.low)}–${percentDigits(interval.high)} %`;
}

/** `1.4 GB`, powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `0.0 s`, `12.4 s`, `1:02:03` from an hour on. */
export function formatSeconds(seconds: number): string {
  if (seconds < 3600) return `${seconds.toFixed(1)} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.floor(seconds % 60);
  return `${hours}:${String(minutes).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/** `1 row`, `2 rows`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `opened`, or `asked for (12 media unreachable)` where stores did not give all media. */
export function openedWords(run: { readonly unreachable?: { readonly media: number } }): string {
  const { unreachable } = run;
  if (unreachable === undefined) return 'opened';
  const { media } = unreachable;
  return `asked for (${formatCount(media)} ${media === 1 ? 'medium' : 'media'} unreachable)`;
}

/** Size of a dataset's tables, if it has any; of one in a store also what was fetched of its shards. */
export function formatDatasetBytes({ bytes, fetched }: RunDocument['dataset']): string {
  if (fetched === undefined) return bytes === 0 ? 'no manifest' : formatBytes(bytes);
  return `${formatBytes(bytes)} (${formatBytes(fetched.bytes)} fetched in ${formatPlural(fetched.requests, 'request')})`;
}
