import type { DecodeFailure } from './frame-stream.ts';

/** The failure of a file without a video stream: sound alone, or cover art. */
export const noVideoTrack: DecodeFailure = {
  ok: false,
  code: 'no-video-track',
  message: 'the file has no video track',
};
