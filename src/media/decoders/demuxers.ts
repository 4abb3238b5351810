/**
 * Containers that may be opened, by FFmpeg's demuxer names.
 *
 * Everything that names other files or hosts is left out: playlists (hls, dash, concat, sdp, imf), patterns (image2),
 * filters (lavfi) and devices. A playlist called .mp4 is no medium.
 */
export const ALLOWED_DEMUXERS: string = [
  'mov',
  'matroska',
  'avi',
  'mpegts',
  'mpeg',
  'mpegvideo',
  'flv',
  'ogg',
  'asf',
  'gif',
  'apng',
  'mjpeg',
  'h264',
  'hevc',
  'av1',
  'obu',
  'ivf',
  'm4v',
  'mxf',
  'yuv4mpegpipe',
  'rm',
  'mp3',
  'aac',
  'wav',
  'flac',
].join(',');

/** The only protocol: never a host, and never a file that a file names. */
export const ALLOWED_PROTOCOLS = 'file';
