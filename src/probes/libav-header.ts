import { readFfprobeHeader } from '../media/decoders/ffprobe-header.ts';
import { findFfmpegTool } from '../media/decoders/ffmpeg-tools.ts';
import type { DecodeFailure, DecoderChoice } from '../media/decoders/frame-stream.ts';
import { type LibavHeader, readLibavHeader } from '../media/decoders/libav-header.ts';
import { loadNodeAv } from '../media/decoders/node-av-library.ts';
import { readTimeline } from '../media/headers/timeline.ts';
import { containerRow } from './containers.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';
import type { HeaderRows } from './header.ts';
import { packetRow } from './packets.ts';

/**
 * Reads the header and all packets of a container that has no reader of its own (AVI, MPEG-TS, FLV, Ogg…), through
 * node-av or a system ffprobe. Never throws for what the file holds.
 */
export async function readHeaderWithLibav(
  path: string,
  decoder: DecoderChoice = 'auto',
): Promise<HeaderRows> {
  const read = await readWithAny(path, decoder);
  if (!read.ok) {
    return {
      containers: { ...errorRow('containers', read.code, read.message), reader: 'libav' },
      packets: errorRow('packets', read.code, read.message),
    };
  }
  const { header, size_bytes } = read;
  const { video } = header;
  const packets = video?.packets ?? null;
  const timeline = video === null || packets === null ? null : readTimeline(video, packets);
  const row = containerRow(header, timeline, {
    sizeBytes: size_bytes,
    bytesRead: size_bytes,
    requests: 1,
  });
  const containers: EvidenceRow<'containers'> = {
    ...row,
    reader: 'libav',
    // An edit list is not told apart by libav, and these containers have no index in front.
    is_faststart: null,
    is_fragmented: null,
    index_bytes: null,
  };
  if (video === null)
    return {
      containers,
      packets: errorRow('packets', 'no-video-track', 'the file has no video track'),
    };
  if (packets === null || timeline === null || packets.sizes_bytes.length === 0) {
    return {
      containers,
      packets: errorRow('packets', 'no-frames', 'the video track has no packets'),
    };
  }
  return {
    containers,
    packets: { ...packetRow(header, video, packets, timeline), source: 'demuxer' },
  };
}

async function readWithAny(
  path: string,
  decoder: DecoderChoice,
): Promise<LibavHeader | DecodeFailure> {
  const av = decoder === 'ffmpeg' ? new Error('not asked for') : await loadNodeAv();
  if (!(av instanceof Error)) return readLibavHeader(av, path);
  const ffprobe =
    decoder === 'node-av' ? new Error('not asked for') : await findFfmpegTool('ffprobe');
  if (!(ffprobe instanceof Error)) return readFfprobeHeader(ffprobe.command, path);
  return {
    ok: false,
    code: 'decoder-unavailable',
    message: `neither node-av (${av.message.split('\n')[0] ?? ''}) nor ffprobe (${ffprobe.message}) is there`,
  };
}
