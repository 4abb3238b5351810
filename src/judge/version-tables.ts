/** A column of a table about two versions. */
type VersionColumn = { readonly type: string; readonly doc: string };

/**
 * The tables that rules of scope `versions` read: what a comparison of two versions found, without opinions.
 * A column that the versions cannot fill (no caption in either) makes the rules that need it not applicable.
 */
export const VERSION_TABLES = {
  row_flow: {
    before_rows: { type: 'BIGINT', doc: 'Rows of the older version.' },
    after_rows: { type: 'BIGINT', doc: 'Rows of the newer version.' },
    unchanged: { type: 'BIGINT', doc: 'Rows with equal key and values.' },
    changed: { type: 'BIGINT', doc: 'Rows of one key with other values.' },
    rekeyed: { type: 'BIGINT', doc: 'Rows with equal content under another key.' },
    added: { type: 'BIGINT', doc: 'Rows whose key is new, the returned ones included.' },
    removed: { type: 'BIGINT', doc: 'Rows whose key is gone.' },
    returned: { type: 'BIGINT', doc: 'Added rows that had been removed earlier.' },
    matched: { type: 'BIGINT', doc: 'unchanged + changed + rekeyed.' },
    content_changed: { type: 'BIGINT', doc: 'Matched rows whose declared content changed.' },
    is_complete: { type: 'BOOLEAN', doc: 'The sums of key hashes add up: no row was missed.' },
  },
  pairs: {
    key: { type: 'VARCHAR', doc: 'Key in the newer version, or in the older one if removed.' },
    key_before: { type: 'VARCHAR', doc: 'Key in the older version.' },
    state: {
      type: 'VARCHAR',
      doc: 'changed, added, removed, rekeyed or returned; unchanged rows are not listed.',
    },
    shard: { type: 'VARCHAR', doc: 'Shard in the newer version, or in the older one if removed.' },
    row_number: { type: 'BIGINT', doc: 'Row in that shard.' },
    caption_changed: { type: 'BOOLEAN', doc: 'The caption differs in any way.' },
    caption_kind: {
      type: 'VARCHAR',
      doc: 'case, unicode, whitespace, punctuation, format, words, replaced, emptied or filled.',
    },
    caption_overlap: { type: 'DOUBLE', doc: 'Share of common words, 0-1, where words changed.' },
    caption_moved_rows: {
      type: 'BIGINT',
      doc: 'The new caption stood this many rows further down before, same shard; null if nowhere.',
    },
    caption_moved_from: {
      type: 'BIGINT',
      doc: 'clip_id of the older row that had the new caption; null if none or several.',
    },
    content_changed: {
      type: 'BOOLEAN',
      doc: 'Declared content hash, perceptual hash or bytes differ.',
    },
    cut_changed: { type: 'BOOLEAN', doc: 'Start, end or source differ.' },
    cut_moved_s: { type: 'DOUBLE', doc: 'Largest move of start or end, seconds.' },
    clip_changed: {
      type: 'BOOLEAN',
      doc: 'content_changed or cut_changed, as far as either is known.',
    },
    features_changed: {
      type: 'BOOLEAN',
      doc: 'Picture or text features changed, as far as either is known.',
    },
    picture_features_changed: {
      type: 'BOOLEAN',
      doc: 'Picture embedding, or a hash of latents or picture features, differs.',
    },
    text_features_changed: {
      type: 'BOOLEAN',
      doc: 'Text embedding, or a hash of caption or text features, differs.',
    },
    split_before: { type: 'VARCHAR', doc: 'Split in the older version.' },
    split_after: { type: 'VARCHAR', doc: 'Split in the newer version.' },
    captioner_before: { type: 'VARCHAR', doc: 'Captioner in the older version.' },
    captioner_after: { type: 'VARCHAR', doc: 'Captioner in the newer version.' },
  },
  column_schema: {
    column_name: { type: 'VARCHAR', doc: 'Name in clips.' },
    state: { type: 'VARCHAR', doc: 'same, renamed, retyped, all-null, added or dropped.' },
    name_before: { type: 'VARCHAR', doc: 'What the user calls it in the older version.' },
    name_after: { type: 'VARCHAR', doc: 'The same in the newer version.' },
    type_before: { type: 'VARCHAR', doc: 'DuckDB type in the older version.' },
    type_after: { type: 'VARCHAR', doc: 'DuckDB type in the newer version.' },
    kind_before: { type: 'VARCHAR', doc: 'number, text, boolean, instant or opaque.' },
    kind_after: { type: 'VARCHAR', doc: 'The same in the newer version.' },
  },
  column_changes: {
    column_name: { type: 'VARCHAR', doc: 'Name in clips.' },
    kind: { type: 'VARCHAR', doc: 'number, text, boolean, instant or opaque.' },
    compared: { type: 'BIGINT', doc: 'Matched rows.' },
    changed: { type: 'BIGINT', doc: 'Matched rows whose value differs.' },
    rate: { type: 'DOUBLE', doc: 'changed / compared.' },
    nulled: { type: 'BIGINT', doc: 'Rows that lost their value.' },
    factor: {
      type: 'DOUBLE',
      doc: 'New value over old value that most changed rows share; null if none or not constant.',
    },
    factor_rows: { type: 'BIGINT', doc: 'Changed rows with a factor of units.' },
    factor_meaning: { type: 'VARCHAR', doc: 'What the factor means, null if none.' },
  },
  sources: {
    source_id: { type: 'VARCHAR', doc: 'Source.' },
    before_clips: { type: 'BIGINT', doc: 'Its clips in the older version.' },
    after_clips: { type: 'BIGINT', doc: 'Its clips in the newer version.' },
  },
  captioners: {
    captioner: { type: 'VARCHAR', doc: 'Captioner.' },
    before_rows: { type: 'BIGINT', doc: 'Its rows in the older version.' },
    after_rows: { type: 'BIGINT', doc: 'Its rows in the newer version.' },
  },
  drift: {
    column_name: { type: 'VARCHAR', doc: 'Column, or a measure of one: caption length.' },
    kind: { type: 'VARCHAR', doc: 'number or category.' },
    before_values: { type: 'BIGINT', doc: 'Values of the older version that were binned.' },
    after_values: { type: 'BIGINT', doc: 'Values of the newer version that were binned.' },
    psi: {
      type: 'DOUBLE',
      doc: 'Population stability index on bins of the older version, less what chance gives.',
    },
    js: { type: 'DOUBLE', doc: 'Jensen-Shannon divergence, base 2, 0-1.' },
    ks: { type: 'DOUBLE', doc: 'Largest difference of the cumulative shares, 0-1.' },
    wasserstein: {
      type: 'DOUBLE',
      doc: 'Mean difference of the cumulative shares over quantiles of the older version, 0-1.',
    },
    biggest: { type: 'VARCHAR', doc: 'The bin that gained or lost most, in words.' },
  },
  edges: {
    column_name: { type: 'VARCHAR', doc: 'Column.' },
    side: { type: 'VARCHAR', doc: 'low or high end of its values.' },
    edge_before: {
      type: 'DOUBLE',
      doc: 'Where the values of the older version stop abruptly; null if they fade out.',
    },
    edge_after: { type: 'DOUBLE', doc: 'The same in the newer version.' },
    beyond_share: {
      type: 'DOUBLE',
      doc: 'Share of values of one version that lie beyond the edge of the other.',
    },
    inside_ks: {
      type: 'DOUBLE',
      doc: 'Largest difference of the cumulative shares of the values inside the edges of both versions, 0-1.',
    },
  },
  media_pairs: {
    key: { type: 'VARCHAR', doc: 'Key of a sampled clip that both versions have.' },
    bytes_changed: { type: 'BOOLEAN', doc: 'The files differ.' },
    picture_distance: {
      type: 'DOUBLE',
      doc: 'Median distance of picture hashes at equal times, bits of 64.',
    },
    duration_change_s: { type: 'DOUBLE', doc: 'Newer less older duration.' },
    size_changed: { type: 'BOOLEAN', doc: 'Display width or height differ.' },
    colour_distance: { type: 'DOUBLE', doc: 'Largest change of mean red, green or blue, 0-255.' },
    loudness_change_db: { type: 'DOUBLE', doc: 'Newer less older loudness (root mean square).' },
    has_lost_sound: { type: 'BOOLEAN', doc: 'It had an audio track and has none now.' },
    caption_changed: { type: 'BOOLEAN', doc: 'Words of the caption differ.' },
  },
  rule_rates: {
    rule_id: { type: 'VARCHAR', doc: 'A rule that both runs judged.' },
    severity: { type: 'VARCHAR', doc: 'Its severity.' },
    before_affected: { type: 'BIGINT', doc: 'Rows that broke it in the older run.' },
    before_examined: { type: 'BIGINT', doc: 'Rows looked at in the older run.' },
    after_affected: { type: 'BIGINT', doc: 'Rows that break it in the newer run.' },
    after_examined: { type: 'BIGINT', doc: 'Rows looked at in the newer run.' },
    before_rate: { type: 'DOUBLE', doc: 'Rate in the older run.' },
    after_rate: { type: 'DOUBLE', doc: 'Rate in the newer run.' },
    p_value: {
      type: 'DOUBLE',
      doc: 'Two-proportion z test, one-sided, times the number of rules compared.',
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, VersionColumn>>>>;

export type VersionTable = keyof typeof VERSION_TABLES;
