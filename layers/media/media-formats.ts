/**
 * FFmpeg demuxers that may open a user's file. A list of what is allowed, because FFmpeg also opens playlists
 * (which name other files), pictures, subtitles and plain text; raw formats without a header are left out too,
 * since anything at all decodes as them.
 */
// biome-ignore format: a table
export const mediaFormats = [
  'wav', 'w64', 'aiff', 'au', 'caf', 'nistsphere', 'flac', 'wv', 'tta', 'ape', 'mpc', 'mpc8',
  'mp3', 'aac', 'loas', 'ac3', 'eac3', 'dts', 'amr', 'amrnb', 'amrwb', 'ogg',
  'mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2', 'matroska', 'webm', 'avi', 'asf', 'xwma', 'flv', 'live_flv',
  'mpeg', 'mpegts', 'mxf', 'rm', 'voc',
] as const;

/** Demuxers that know no length and guess it from the file's size and the first frames' bit rate. */
// biome-ignore format: a table
export const guessedDurationFormats: ReadonlySet<string> = new Set([
  'aac', 'loas', 'ac3', 'eac3', 'dts', 'amr', 'amrnb', 'amrwb',
]);
