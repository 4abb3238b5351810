/**
 * What a person found when reading, one by one, all that a rule reported of a published set: nobody spoiled these captions, so
 * each report is either a true defect of the set or a false alarm.
 */
export type CheckedAlarm = {
  readonly set: string;
  readonly rule: string;
  readonly cause: string;
  /** How many of the reported captions are false alarms: those outside of what was read. */
  readonly falseAlarms: (reported: readonly string[]) => number;
};

/** Reports of a rule that were all read and all true, up to `most`; more of them are new, and count as false until they are read. */
function allTrue(set: string, rule: string, most: number, cause: string): CheckedAlarm {
  return { set, rule, cause, falseAlarms: (reported) => Math.max(0, reported.length - most) };
}

const LAION = 'imagetext-parquet/laion-test_10000.parquet';

export const CHECKED_ALARMS: readonly CheckedAlarm[] = [
  allTrue('audiocaps-v1-v2/v1', 'placeholder-caption', 3, "'Not available'"),
  allTrue(
    'audiocaps-v1-v2/v1',
    'defect-reporting-caption',
    3,
    "'Video is unplayable', 'No audio broken video', 'Video does not play'",
  ),
  allTrue('coco2014-captions', 'refusal-caption', 2, "'I am unable to see the image above.'"),
  allTrue('iiw-cm3600-v1-v2/v1', 'boilerplate-captions', 1, "28 % begin with 'Captured from'"),
  allTrue('iiw-cm3600-v1-v2/v2', 'boilerplate-captions', 1, "30 % begin with 'Captured from'"),
  allTrue(
    'iiw-cm3600-v1-v2/v2',
    'looping-caption',
    4,
    'a captioner that lists the same sentence with left and right exchanged',
  ),
  allTrue(LAION, 'repeated-caption', 10, "'Patent Drawing' on ten drawings"),
  allTrue(LAION, 'serialized-caption', 112, 'quotes doubled as in CSV'),
  allTrue(LAION, 'web-noise-caption', 340, 'file names, addresses, hashtags, slugs'),
  allTrue(LAION, 'html-in-caption', 70, 'tags and entities'),
  allTrue(LAION, 'mojibake-caption', 6, 'U+FFFD'),
  allTrue(
    LAION,
    'untrimmed-caption',
    20,
    '10 with spaces at the ends, 10 with zero-width or private characters',
  ),
  allTrue(LAION, 'wrong-script-caption', 1, 'half English, half Russian'),
  allTrue('sugarcrepe-fix/after', 'untrimmed-caption', 229, 'a space or a line break at the end'),
  allTrue('sugarcrepe-fix/after', 'multiline-caption', 7, 'captions that end in a line break'),
];
