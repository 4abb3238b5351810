/** English text of the findings table. */
export const TABLE_WORDS = {
  filter: 'Filter findings',
  placeholder: 'rule:… severity:error !shard:… key:… any words',
  columns: {
    severity: 'severity',
    rule: 'rule',
    key: 'key',
    shard: 'shard',
    row: 'row',
    message: 'message',
  },
  none: 'No finding matches this filter.',
  copied: 'Copied.',
  notCopied: 'The browser did not allow copying.',
  keys: [
    ['j, k, ↓, ↑', 'next, previous finding'],
    ['Enter', 'open the finding'],
    ['/', 'go to the filter'],
    ['Escape', 'close, clear'],
    ['?', 'this help'],
  ],
  tokens: [
    ['rule:ignored-rotation', 'only this rule; * stands for anything'],
    ['severity:error', 'only this severity'],
    ['state:new', 'not there in the earlier run'],
    ['shard:train-0011*', 'only these shards'],
    ['key:abc', 'keys with abc in them'],
    ['!rule:still-video', 'not this rule'],
    ['any words', 'in key or message'],
  ],
} as const;
