import type { Severity } from '../../src/judge/rule.ts';
import { HOLE_CLOSE, HOLE_OPEN, type Island, type IslandGroup, valueText } from './island.ts';

/** One finding of the table. */
export type TableRow = {
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly key: string | null;
  readonly shard: string | null;
  readonly rowNumber: number | null;
  readonly message: string;
};

/** All findings of a page by position; rows are built when they are asked for. */
export type FindingsTable = {
  readonly count: number;
  readonly groups: readonly IslandGroup[];
  readonly shards: readonly string[];
  /** Position in `groups`, in `shards` (-1: none) and row number (-1: none) by finding. */
  readonly groupOf: Uint16Array;
  readonly shardOf: Int32Array;
  readonly rowOf: Float64Array;
  readonly key: (index: number) => string | null;
  /** New, unchanged or unknown against an earlier run; empty without one. */
  readonly state: (index: number) => string;
  readonly message: (index: number) => string;
  readonly values: (index: number) => readonly (readonly [name: string, value: unknown])[];
  readonly row: (index: number) => TableRow;
};

/** Opens the columns of an island. */
export function openIsland(island: Island): FindingsTable {
  const { groups, shards } = island;
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const groupOf = new Uint16Array(count);
  const shardOf = new Int32Array(count);
  const rowOf = new Float64Array(count);
  const starts: number[] = [];
  const numberStarts: Int32Array[] = [];
  let at = 0;
  for (const [groupIndex, group] of groups.entries()) {
    starts.push(at);
    numberStarts.push(numberOffsets(group));
    let shard = 0;
    let row = 0;
    for (let local = 0; local < group.count; local += 1) {
      const step = group.shardSteps[local] ?? 0;
      if (step !== 0) row = 0;
      shard += step;
      const rowStep = group.rowSteps[local] ?? null;
      if (rowStep !== null) row += rowStep;
      groupOf[at] = groupIndex;
      shardOf[at] = shard;
      rowOf[at] = rowStep === null ? -1 : row;
      at += 1;
    }
  }
  const locate = (index: number): { group: IslandGroup; local: number; offset: number } | null => {
    const groupIndex = groupOf[index] ?? 0;
    const group = groups[groupIndex];
    if (group === undefined) return null;
    const local = index - (starts[groupIndex] ?? 0);
    return { group, local, offset: numberStarts[groupIndex]?.[local] ?? 0 };
  };
  const key = (index: number): string | null => {
    const found = locate(index);
    return found?.group.keys[found.local] ?? null;
  };
  const message = (index: number): string => {
    const found = locate(index);
    return found === null ? '' : fillHoles(found.group, found.local, found.offset);
  };
  const state = (index: number): string => {
    const found = locate(index);
    return found?.group.states[found.local] ?? '';
  };
  return {
    count,
    groups,
    shards,
    groupOf,
    shardOf,
    rowOf,
    key,
    state,
    message,
    values: (index) => {
      const found = locate(index);
      if (found === null) return [];
      const { group, local } = found;
      return group.names.map(
        (name, column) => [name, group.columns[column]?.[local] ?? null] as const,
      );
    },
    row: (index) => {
      const group = groups[groupOf[index] ?? 0];
      const rowNumber = rowOf[index] ?? -1;
      return {
        rule: group?.rule ?? '',
        title: group?.title ?? '',
        severity: group?.severity ?? 'note',
        key: key(index),
        shard: shards[shardOf[index] ?? -1] ?? null,
        rowNumber: rowNumber < 0 ? null : rowNumber,
        message: message(index),
      };
    },
  };
}

/** Where the numbers of each finding begin. */
function numberOffsets(group: IslandGroup): Int32Array {
  const holes = group.templates.map(
    (template) => template.split(HOLE_OPEN + HOLE_CLOSE).length - 1,
  );
  const offsets = new Int32Array(group.count);
  let offset = 0;
  for (let local = 0; local < group.count; local += 1) {
    offsets[local] = offset;
    offset += holes[group.templateOf[local] ?? 0] ?? 0;
  }
  return offsets;
}

function fillHoles(group: IslandGroup, local: number, offset: number): string {
  const template = group.templates[group.templateOf[local] ?? 0] ?? '';
  const parts = template.split(HOLE_OPEN);
  let message = parts[0] ?? '';
  let next = offset;
  for (const part of parts.slice(1)) {
    const close = part.indexOf(HOLE_CLOSE);
    const column = part.slice(0, close);
    if (column === '') {
      message += group.numbers[next] ?? '';
      next += 1;
    } else message += valueText(group.columns[Number(column)]?.[local]);
    message += part.slice(close + 1);
  }
  return message;
}
