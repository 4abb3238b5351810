import type { Rule } from '../judge/rule.ts';

type Row = Readonly<Record<string, unknown>>;

/** Columns that say where a row stands, which a fault leaves alone. */
const PLACE_COLUMNS = new Set(['key', 'clip_id', 'shard', 'shard_id', 'row_number', 'medium']);

/** What happens to one row: values by table and column. */
type Overlay = {
  /** Whether the rule must report the row. */
  readonly isFaulty: boolean;
  readonly values: Readonly<Record<string, Row>>;
};

/**
 * A fault as values that rows take on: an overlay for each of the rows that show it together (one, for a rule about single
 * clips). A look-alike has none that is faulty.
 */
export type ExampleFault = {
  readonly name: string;
  readonly overlays: readonly Overlay[];
};

/**
 * The faults that a rule's own examples state, and their look-alikes. A rule about single clips gets a fault for each row
 * of its examples; others need the rows of an example together. Examples with options of their own are left out.
 */
export function exampleFaults(rule: Rule): {
  readonly faults: readonly ExampleFault[];
  readonly lookalikes: readonly ExampleFault[];
} {
  const keepsKey = rule.needs.some((need) => /key/.test(need));
  const all = rule.examples.flatMap((example, index): readonly ExampleFault[] => {
    if (example.options !== undefined) return [];
    const { finds } = example;
    const isFaulty = (key: unknown): boolean =>
      typeof finds === 'number' ? finds > 0 : finds.includes(String(key));
    const clips = example.tables['clips'] ?? [];
    const name = example.note ?? `example ${index + 1}`;
    const keys = new Set(Object.values(example.tables).flatMap(keysOf));
    const hasRepeats = clips.length > new Set(keysOf(clips)).size;
    const overlays = hasRepeats
      ? clips.map((row) => ({
          isFaulty: isFaulty(row['key']),
          values: { clips: withoutPlace(row, true) },
        }))
      : [...keys].map((key) => ({
          isFaulty: isFaulty(key),
          values: Object.fromEntries(
            Object.entries(example.tables).flatMap(([table, rows]) => {
              const row = rows.find((each) => each['key'] === key);
              return row === undefined
                ? []
                : [[table, withoutPlace(row, keepsKey && table === 'clips')]];
            }),
          ),
        }));
    return rule.scope === 'clip'
      ? overlays.map((overlay) => ({ name, overlays: [overlay] }))
      : [{ name, overlays }];
  });
  const isFault = (fault: ExampleFault): boolean => fault.overlays.some((each) => each.isFaulty);
  return { faults: all.filter(isFault), lookalikes: all.filter((each) => !isFault(each)) };
}

function keysOf(rows: readonly Row[]): readonly unknown[] {
  return rows.map((row) => row['key']);
}

function withoutPlace(row: Row, keepsKey: boolean): Row {
  return Object.fromEntries(
    Object.entries(row).filter(
      ([name]) => !PLACE_COLUMNS.has(name) || (keepsKey && name === 'key'),
    ),
  );
}
