import { createTableSql } from '../dataset/table-columns.ts';
import { type Database, numberOf } from '../engine/database.ts';
import { insertRows, type PlainRow } from '../engine/insert-rows.ts';
import { VERSION_TABLES, type VersionTable } from '../judge/version-tables.ts';
import type {
  CaptionChanges,
  ColumnChange,
  Drift,
  MediaPair,
  RowFlow,
  RuleChange,
  SchemaChanges,
} from './diff-document.ts';
import type { Edge } from './find-edges.ts';
import { kindOf, type ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';
import { insertMediaPairs } from './summarise-media.ts';

/** What a comparison found, for the rules. */
type VersionFacts = {
  readonly before: Side;
  readonly after: Side;
  readonly pairs: readonly ColumnPair[];
  readonly flow: RowFlow;
  readonly schema: SchemaChanges;
  readonly columns: readonly ColumnChange[];
  readonly captions: CaptionChanges | null;
  readonly drift: readonly Drift[];
  readonly edges: readonly Edge[];
  readonly ruleChanges: readonly RuleChange[];
  readonly media: readonly MediaPair[];
};

/** Columns of each table that these versions can fill; a rule that needs another one is not applicable. */
export type VersionOffer = ReadonlyMap<VersionTable, ReadonlySet<string>>;

/** Names of columns that hold a hash of latents or picture features, and those of text features. */
const PICTURE_FEATURES =
  /(latent|vae|picture|image|video|visual|clip|frame).*(hash|sha\d*|md5|etag|checksum|emb(edding)?s?|features?)$/i;
const TEXT_FEATURES =
  /(caption|text|txt|prompt|t5).*(hash|sha\d*|md5|etag|checksum|emb(edding)?s?|features?)$/i;

/** Fills the tables that version rules read, from the tables of the comparison. */
export async function fillVersionTables(
  database: Database,
  facts: VersionFacts,
): Promise<VersionOffer> {
  for (const [table, columns] of Object.entries(VERSION_TABLES))
    await database.run(createTableSql(table, columns));
  const insert = (table: VersionTable, rows: readonly PlainRow[]): Promise<void> =>
    insertRows(database, table, VERSION_TABLES[table], rows);
  const offer = new Map<VersionTable, Set<string>>();
  const offerAll = (table: VersionTable, without: readonly string[] = []): void => {
    offer.set(
      table,
      new Set(Object.keys(VERSION_TABLES[table]).filter((name) => !without.includes(name))),
    );
  };
  const roles = rolesOf(facts.pairs);
  await fillPairs(database, facts, roles);
  offerAll('pairs', missingFromPairs(roles, facts.media.length > 0));
  const changedContent = numberOf(
    (await database.row('select count(*) filter (where content_changed) as n from pairs'))['n'],
  );
  const { flow } = facts;
  await insert('row_flow', [
    {
      before_rows: flow.beforeRows,
      after_rows: flow.afterRows,
      unchanged: flow.unchanged,
      changed: flow.changed,
      rekeyed: flow.rekeyed,
      added: flow.added,
      removed: flow.removed,
      returned: flow.returned,
      matched: flow.unchanged + flow.changed + flow.rekeyed,
      content_changed: changedContent,
      is_complete: flow.keySet.isComplete,
    },
  ]);
  offerAll('row_flow', flow.returnedFrom === null ? ['returned'] : []);
  await insert(
    'column_schema',
    facts.schema.columns.map((column) => ({
      column_name: column.name,
      state: column.state,
      name_before: column.before?.name ?? null,
      name_after: column.after?.name ?? null,
      type_before: column.before?.type ?? null,
      type_after: column.after?.type ?? null,
      kind_before: column.before === null ? null : kindOf(column.before.type),
      kind_after: column.after === null ? null : kindOf(column.after.type),
    })),
  );
  offerAll('column_schema');
  await insert(
    'column_changes',
    facts.columns.map((column) => ({
      column_name: column.name,
      kind: column.kind,
      compared: column.compared,
      changed: column.changed,
      rate: column.rate,
      nulled: column.nulled,
      factor: column.numbers?.factor?.factor ?? null,
      factor_rows: column.numbers?.factor?.rows ?? null,
      factor_meaning: column.numbers?.factor?.meaning ?? null,
    })),
  );
  offerAll('column_changes');
  await insert(
    'drift',
    facts.drift.map((each) => ({
      column_name: each.name,
      kind: each.kind,
      before_values: each.beforeValues,
      after_values: each.afterValues,
      psi: each.psi,
      js: each.js,
      ks: each.ks,
      wasserstein: each.wasserstein,
      biggest: each.biggest,
    })),
  );
  if (facts.drift.length > 0) offerAll('drift');
  await insert(
    'edges',
    facts.edges.map((edge) => ({
      column_name: edge.column,
      side: edge.side,
      edge_before: edge.before,
      edge_after: edge.after,
      beyond_share: edge.beyondShare,
      inside_ks: edge.insideKs,
    })),
  );
  offerAll('edges');
  await insert(
    'rule_rates',
    facts.ruleChanges.map((each) => ({
      rule_id: each.id,
      severity: each.severity,
      before_affected: each.before.affected,
      before_examined: each.before.examined,
      after_affected: each.after.affected,
      after_examined: each.after.examined,
      before_rate: each.before.affected / Math.max(1, each.before.examined),
      after_rate: each.after.affected / Math.max(1, each.after.examined),
      p_value: each.riseP,
    })),
  );
  if (facts.ruleChanges.length > 0) offerAll('rule_rates');
  await insertMediaPairs(database, facts.media);
  if (facts.media.length > 0) offerAll('media_pairs');
  for (const [table, role] of [
    ['sources', 'source_id'],
    ['captioners', 'captioner'],
  ] as const) {
    const pair = facts.pairs.find((each) => each.name === role);
    if (pair === undefined) continue;
    await database.run(
      `insert into ${table}
       select value, count(*) filter (where side = 0), count(*) filter (where side = 1)
       from (select 0 as side, ${pair.beforeSql}::varchar as value from ${facts.before.relation}
         union all select 1, ${pair.afterSql}::varchar from ${facts.after.relation})
       where value is not null group by value`,
    );
    offerAll(table);
  }
  return offer;
}

type Roles = {
  readonly content: readonly ColumnPair[];
  readonly cut: readonly ColumnPair[];
  readonly pictureFeatures: readonly ColumnPair[];
  readonly textFeatures: readonly ColumnPair[];
  readonly caption: ColumnPair | undefined;
  readonly split: ColumnPair | undefined;
  readonly captioner: ColumnPair | undefined;
};

function isText(pair: ColumnPair): boolean {
  return ['text_embedding', 'caption_hash'].includes(pair.name) || TEXT_FEATURES.test(pair.name);
}

function isPicture(pair: ColumnPair): boolean {
  return pair.name === 'clip_embedding' || PICTURE_FEATURES.test(pair.name);
}

function rolesOf(pairs: readonly ColumnPair[]): Roles {
  const named = (...names: readonly string[]): readonly ColumnPair[] =>
    pairs.filter((pair) => names.includes(pair.name));
  const content = named('content_hash', 'phash', 'bytes');
  return {
    content,
    cut: named('start_s', 'end_s', 'source_id'),
    textFeatures: pairs.filter((pair) => isText(pair) && !content.includes(pair)),
    pictureFeatures: pairs.filter(
      (pair) => isPicture(pair) && !isText(pair) && !content.includes(pair),
    ),
    caption: pairs.find((pair) => pair.name === 'caption'),
    split: pairs.find((pair) => pair.name === 'split' && !pair.isLong),
    captioner: pairs.find((pair) => pair.name === 'captioner' && !pair.isLong),
  };
}

function missingFromPairs(roles: Roles, hasMedia: boolean): readonly string[] {
  return [
    ...(roles.content.length === 0 && !hasMedia ? ['content_changed'] : []),
    ...(roles.cut.length === 0 ? ['cut_changed', 'cut_moved_s'] : []),
    ...(roles.content.length + roles.cut.length === 0 && !hasMedia ? ['clip_changed'] : []),
    ...(roles.textFeatures.length + roles.pictureFeatures.length === 0 ? ['features_changed'] : []),
    ...(roles.textFeatures.length === 0 ? ['text_features_changed'] : []),
    ...(roles.pictureFeatures.length === 0 ? ['picture_features_changed'] : []),
    ...(roles.caption === undefined
      ? [
          'caption_changed',
          'caption_kind',
          'caption_overlap',
          'caption_moved_rows',
          'caption_moved_from',
        ]
      : []),
    ...(roles.split === undefined ? ['split_before', 'split_after'] : []),
    ...(roles.captioner === undefined ? ['captioner_before', 'captioner_after'] : []),
  ];
}

/** SQL: did any of the columns change. */
function any(columns: readonly ColumnPair[]): string {
  return columns.length === 0 ? 'null' : columns.map((pair) => `c${pair.index}`).join(' or ');
}

function valueSql(pair: ColumnPair | undefined, side: 'b' | 'a'): string {
  return pair === undefined ? 'null' : `${side}${pair.index}::varchar`;
}

async function fillPairs(database: Database, facts: VersionFacts, roles: Roles): Promise<void> {
  const moved = roles.cut
    .filter((pair) => pair.kind === 'number' && pair.name !== 'source_id')
    .map((pair) => `abs(a${pair.index}::double - b${pair.index}::double)`);
  await database.run('create temp table shard_names (side varchar, shard integer, name varchar)');
  for (const side of [facts.before, facts.after]) {
    await database.run(
      `insert into shard_names select '${side.which}', (row ->> 'index')::integer, row ->> 'name'
       from (select unnest(from_json($rows::json, '["json"]')) as row)`,
      { rows: JSON.stringify(side.shards) },
    );
  }
  await database.run(
    `insert into pairs
     select coalesce(after_key, before_key), before_key,
       case when is_rekeyed then 'rekeyed' when after_clip is null then 'removed'
         when before_clip is null and after_clip in (select clip_id from returned) then 'returned'
         when before_clip is null then 'added' else 'changed' end,
       coalesce(an.name, bn.name), coalesce(after_clip, before_clip) & ${2 ** 40 - 1},
       ${any(roles.caption === undefined ? [] : [roles.caption])}, kind, overlap,
       case when moved_from >> 40 = before_clip >> 40 then moved_from - before_clip end, moved_from,
       ${any(roles.content)}, ${any(roles.cut)}, ${moved.length === 0 ? 'null' : `greatest(${moved.join(', ')})`},
       ${any([...roles.content, ...roles.cut])}, ${any([...roles.textFeatures, ...roles.pictureFeatures])},
       ${any(roles.pictureFeatures)}, ${any(roles.textFeatures)},
       ${valueSql(roles.split, 'b')}, ${valueSql(roles.split, 'a')}, ${valueSql(roles.captioner, 'b')}, ${valueSql(roles.captioner, 'a')}
     from compared
     left join caption_changes using (before_clip, after_clip)
     left join shard_names as an on an.side = 'after' and an.shard = after_clip >> 40
     left join shard_names as bn on bn.side = 'before' and after_clip is null and bn.shard = before_clip >> 40`,
  );
}
