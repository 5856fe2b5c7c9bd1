/** pack-clips.ts MANIFEST OUT: the recordings of a manifest for measure-contexts.ts: OUT/contexts.json and OUT/contexts.s16. */
import { writeFileSync } from 'node:fs';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { decodeClips } from '../clips.ts';

const [manifest, out] = process.argv.slice(2) as [string, string];
const clips = await decodeClips(manifest);
let offset = 0;
const packed = clips.map(({ file, text, pcm }) => {
  const at = offset;
  offset += pcm.length;
  return { file, text, offset: at, samples: pcm.length };
});
writeFileSync(`${out}/contexts.json`, JSON.stringify(packed));
writeFileSync(`${out}/contexts.s16`, Buffer.concat(clips.map(({ pcm }) => toSixteenBit(pcm))));
console.log(`${clips.length} recordings`);
