/** kbit/s by the header's index; 0 leaves the rate open, and the last one is forbidden. */
// biome-ignore format: a table
const RATES = {
  version1: {
    1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  },
  version2: {
    1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  },
} as const;
const SAMPLE_RATES_HERTZ = [44_100, 48_000, 32_000];

/** The length of the MPEG audio frame (mp1, mp2, mp3) that begins at `position`; undefined where none of known length does. */
export function mpegFrameBytes(bytes: Buffer, position: number): number | undefined {
  if (position + 4 > bytes.length) return undefined;
  const head = bytes.readUInt32BE(position);
  if (head >>> 21 !== 0x7ff) return undefined;
  const versionBits = (head >>> 19) & 3;
  const layer = 4 - ((head >>> 17) & 3);
  const baseHertz = SAMPLE_RATES_HERTZ[(head >>> 10) & 3];
  if (versionBits === 1 || layer === 4 || baseHertz === undefined) return undefined;
  const isVersion1 = versionBits === 3;
  const rates = RATES[isVersion1 ? 'version1' : 'version2'][layer as 1 | 2 | 3];
  const bitsPerSecond = (rates[(head >>> 12) & 15] ?? 0) * 1_000;
  if (bitsPerSecond === 0) return undefined;
  // Version 2 halves the rates, 2.5 quarters them
  const sampleRateHertz = baseHertz / (isVersion1 ? 1 : versionBits === 2 ? 2 : 4);
  const padding = (head >>> 9) & 1;
  if (layer === 1) return (Math.floor((12 * bitsPerSecond) / sampleRateHertz) + padding) * 4;
  const samplesPerByte = layer === 3 && !isVersion1 ? 72 : 144;
  return Math.floor((samplesPerByte * bitsPerSecond) / sampleRateHertz) + padding;
}
