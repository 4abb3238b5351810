import type { DecoderChoice } from '../media/decoders/frame-stream.ts';
import { decodeSound } from '../media/decoders/node-av-audio.ts';
import { loadNodeAv } from '../media/decoders/node-av-library.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/** Measures the first audio track of a local file, at most a minute of it; null if it has none. */
export async function probeAudio(
  path: string,
  options: { readonly decoder: DecoderChoice },
): Promise<EvidenceRow<'audio'> | null> {
  const av = options.decoder === 'ffmpeg' ? null : await loadNodeAv();
  if (av === null || av instanceof Error) {
    const message = 'sound is decoded by node-av alone';
    return errorRow('audio', 'decoder-unavailable', message);
  }
  const sound = await decodeSound(av, path);
  if (sound === null) return null;
  if (!sound.ok) return errorRow('audio', sound.code, sound.message);
  return {
    audio_codec: sound.codec,
    sample_rate_hz: sound.sampleRate_hz,
    channels: sound.channels,
    decoded_s: sound.decoded_s,
    is_complete: sound.isComplete,
    rms_db: sound.rms_db,
    peak_db: sound.peak_db,
    silent_share: sound.silent_share,
    channel_correlation: sound.channel_correlation,
    decode_error_count: sound.errorCount,
    error_code: null,
    error_message: null,
  };
}
