import {
  CAPTION_CHANGES,
  type CaptionChangeKind,
  type CaptionChanges,
  type ColumnChange,
  type MediaChanges,
  type RowFlow,
  type SchemaChanges,
} from './diff-document.ts';

/** What a reader of one screen must know, in sentences, gravest first. */
export function tellStory(facts: {
  readonly doubts: readonly { readonly reason: string }[];
  readonly schema: SchemaChanges;
  readonly flow: RowFlow;
  readonly columns: readonly ColumnChange[];
  readonly captions: CaptionChanges | null;
  readonly media: MediaChanges | null;
}): readonly string[] {
  return [
    ...facts.doubts.map(({ reason }) => `doubt: ${reason}`),
    ...schemaStory(facts.schema),
    flowStory(facts.flow),
    ...captionStory(facts.captions),
    ...mediaStory(facts.media),
    ...columnStory(facts.columns),
  ];
}

function schemaStory(schema: SchemaChanges): string[] {
  return (['dropped', 'all-null', 'retyped', 'renamed', 'added'] as const).flatMap((state) => {
    const names = schema.columns.filter((column) => column.state === state);
    if (names.length === 0) return [];
    const list = names.map((column) => {
      if (state === 'renamed') return `${column.before?.name} → ${column.after?.name}`;
      if (state === 'retyped')
        return `${column.after?.name} ${column.before?.type} → ${column.after?.type}`;
      return column.after?.name ?? column.before?.name ?? column.name;
    });
    const word = state === 'all-null' ? 'all null now' : state;
    return [`${names.length === 1 ? 'column' : 'columns'} ${word}: ${list.join(', ')}`];
  });
}

function flowStory(flow: RowFlow): string {
  const parts = (['added', 'removed', 'returned', 'rekeyed', 'changed', 'unchanged'] as const)
    .filter((name) => flow[name] > 0 || name === 'added' || name === 'removed')
    .map((name) => `${count(flow[name])} ${name === 'rekeyed' ? 're-keyed' : name}`);
  return `rows: ${parts.join(', ')}`;
}

function captionStory(captions: CaptionChanges | null): string[] {
  if (captions === null || captions.changed === 0) return [];
  const [top] = captions.kinds;
  const sentences: string[] = [];
  const isMass =
    top !== undefined && isForm(top.kind) && top.rows >= Math.max(10, captions.changed / 2);
  if (isMass) {
    const { before, after } = captions.lowerCaseShare;
    const isLowered =
      top.kind === 'case' && before !== null && after !== null && after - before > 0.5;
    sentences.push(
      `captions: ${count(top.rows)} (${percent(top.rows / captions.compared)}) ${isLowered ? 'were lower-cased and nothing else' : `changed in form alone: ${CAPTION_CHANGES[top.kind]}`}`,
    );
  }
  const rest = captions.changed - (isMass ? top.rows : 0);
  if (rest > 0) {
    const kinds = captions.kinds
      .filter((each) => !isMass || each !== top)
      .map((each) => `${count(each.rows)} ${KIND_WORDS[each.kind]}`);
    sentences.push(
      `captions: ${count(rest)} real edit${rest === 1 ? '' : 's'}${isMass ? ' beside that' : ''} (${kinds.join(', ')}${
        captions.medianOverlap === null || captions.wordChanges < 10 || captions.medianOverlap > 0.5
          ? ''
          : `; half of them share at most ${percent(captions.medianOverlap)} of their words`
      })`,
    );
  }
  if (captions.moved > 1)
    sentences.push(
      `captions: ${count(captions.moved)} stood with another key before${captions.offset === null ? '' : ` (mostly ${Math.abs(captions.offset.rows)} row${Math.abs(captions.offset.rows) === 1 ? '' : 's'} away)`}`,
    );
  return sentences;
}

/** Whether a change leaves the words as they are. */
function isForm(kind: CaptionChangeKind): boolean {
  return !['words', 'replaced', 'emptied', 'filled'].includes(kind);
}

const KIND_WORDS = {
  case: 'in case',
  unicode: 'in Unicode form',
  whitespace: 'in white space',
  punctuation: 'in punctuation',
  format: 'in form',
  words: 'in words',
  replaced: 'replaced by another caption',
  emptied: 'emptied',
  filled: 'filled',
} as const satisfies Record<CaptionChangeKind, string>;

function mediaStory(media: MediaChanges | null): string[] {
  if (media === null || media.looked === 0) return [];
  const whole = `media: ${count(media.looked)} common clips looked at`;
  const parts = [
    media.bytesChanged === 0
      ? media.bytesUnknown > 0
        ? null
        : 'every file is the same'
      : media.bytesChanged === media.looked
        ? 'every file was re-encoded'
        : `${count(media.bytesChanged)} files differ`,
    media.pictureLooked === 0
      ? null
      : media.pictureChanged > 0
        ? `the picture is another one in ${count(media.pictureChanged)} (${media.examples
            .slice(0, 3)
            .map((pair) => pair.key)
            .join(', ')}) and the same in the rest`
        : media.bytesChanged > 0
          ? `the picture is the same in all (hashes within ${media.largestDistance ?? 0} of 64 bits)`
          : null,
    media.sizeChanged > 0 ? `another size in ${count(media.sizeChanged)}` : null,
    media.durationChanged > 0 ? `another duration in ${count(media.durationChanged)}` : null,
    media.colourChanged > 0 ? `other colours in ${count(media.colourChanged)}` : null,
    media.loudnessChanged > 0
      ? `louder or softer by over 3 dB in ${count(media.loudnessChanged)} of ${count(media.loudnessLooked)}`
      : null,
    media.soundLost > 0 ? `the sound is gone in ${count(media.soundLost)}` : null,
  ].filter((part) => part !== null);
  return [`${whole}: ${parts.join(', ')}`];
}

function columnStory(columns: readonly ColumnChange[]): string[] {
  return columns
    .filter((column) => column.changed > 0 && column.name !== 'caption')
    .slice(0, 4)
    .map((column) => {
      const why = whyChanged(column);
      return `${column.name}: ${column.rate === null ? count(column.changed) : percent(column.rate)} changed${why === null ? '' : `: ${why}`}`;
    });
}

/** The explanation that covers most of a column's changes, in words; null if none covers half. */
function whyChanged(column: ColumnChange): string | null {
  const { substitution, swapped, numbers, transitions } = column;
  if (column.isAllNullNow) return 'no row has a value any more';
  if (substitution !== null)
    return `'${substitution.from}' → '${substitution.to}' in ${count(substitution.rows)}`;
  if (swapped !== null && swapped.share > 0.5)
    return `changed places with ${swapped.with} in ${count(swapped.rows)}`;
  if (numbers?.factor != null) return `${numbers.factor.meaning} in ${count(numbers.factor.rows)}`;
  if (column.nulled > column.changed / 2) return `emptied in ${count(column.nulled)}`;
  if (column.filled > column.changed / 2) return `filled in ${count(column.filled)}`;
  const [top] = transitions;
  return top === undefined || top.share < 0.5
    ? null
    : `${top.before.slice(0, 40)} → ${top.after.slice(0, 40)} in ${count(top.rows)}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(ratio: number): string {
  const value = ratio * 100;
  if (value === 0 || value === 100) return `${value} %`;
  return `${value > 99.9 ? '> 99.9' : value >= 1 ? value.toFixed(1) : value.toPrecision(2)} %`;
}
