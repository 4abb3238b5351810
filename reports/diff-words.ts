import type { CaptionChangeKind, SchemaChanges } from '../src/compare/diff-document.ts';

export const FLOW_WORDS = {
  unchanged: 'unchanged',
  changed: 'changed',
  rekeyed: 're-keyed',
  added: 'added',
  removed: 'removed',
  returned: 'returned',
} as const;

export const STATE_WORDS = {
  same: 'same',
  renamed: 'renamed',
  retyped: 'retyped',
  'all-null': 'all null now',
  added: 'added',
  dropped: 'dropped',
} as const satisfies Record<SchemaChanges['columns'][number]['state'], string>;

export const CAPTION_WORDS = {
  case: 'only upper and lower case',
  unicode: 'only the Unicode form',
  whitespace: 'only white space',
  punctuation: 'only punctuation',
  format: 'only case, Unicode form, white space and punctuation',
  words: 'words edited',
  replaced: 'replaced: hardly a word in common',
  emptied: 'emptied',
  filled: 'filled',
} as const satisfies Record<CaptionChangeKind, string>;
