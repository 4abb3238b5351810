import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** What the sound of a film is. */
export const AUDIO_COLUMNS = {
  audio_codec: { type: 'VARCHAR', doc: 'aac, opus, mp3, ac3…' },
  sample_rate_hz: { type: 'INTEGER', doc: 'Sample rate that came out of the decoder.' },
  channels: { type: 'INTEGER', doc: 'Channels that came out of the decoder.' },
  decoded_s: { type: 'DOUBLE', doc: 'Seconds that were decoded, at most 60.' },
  is_complete: { type: 'BOOLEAN', doc: 'The decoder reached the end of the track.' },
  rms_db: {
    type: 'DOUBLE',
    doc: 'Root mean square of all channels, dB of full scale; -120 is digital silence.',
  },
  peak_db: { type: 'DOUBLE', doc: 'Largest sample, dB of full scale; -120 is digital silence.' },
  silent_share: {
    type: 'DOUBLE',
    doc: 'Share of windows of 50 ms under -60 dB.',
  },
  channel_correlation: {
    type: 'DOUBLE',
    doc: 'Correlation of the first two channels: 1 dual mono, -1 one of them inverted; null of mono or silence.',
  },
  decode_error_count: { type: 'INTEGER', doc: 'Complaints of the decoder.' },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
