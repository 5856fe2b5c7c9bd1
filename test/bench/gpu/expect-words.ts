/** expect-words.ts MODEL OUT CLIP...: what a model hears on the CPU, for measure-words.ts: OUT/clips.json and OUT/clips.s16. */
import { writeFileSync } from 'node:fs';
import { mediaDecoder } from '@murmuration/media/media-decoder';
import { fromSixteenBit, toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { createEngine } from '@murmuration/whisper/engine';
import { wordsOptions } from './measure-words.ts';

/** 30 s: a longer recording is cut. */
const MOST_SAMPLES = 480_000;

const [model, out, ...files] = process.argv.slice(2) as [string, string, ...string[]];
const engine = await createEngine({ modelFolder: model });
const clips = [];
const sounds: Uint8Array[] = [];
let offset = 0;
for (const file of files) {
  const parts: Uint8Array[] = [];
  for await (const block of (await mediaDecoder().decode(file)).blocks) parts.push(toSixteenBit(block));
  const sound = Buffer.concat(parts).subarray(0, MOST_SAMPLES * 2);
  const samples = sound.length / 2;
  const pcm = fromSixteenBit(sound);
  const [heard] = await engine.transcribe([pcm], wordsOptions);
  clips.push({ file: file.split('/').at(-1), offset, samples, tokens: heard!.tokens, words: heard!.words });
  sounds.push(sound);
  offset += samples;
}
writeFileSync(`${out}/clips.json`, JSON.stringify(clips));
writeFileSync(`${out}/clips.s16`, Buffer.concat(sounds));
console.log(`${clips.length} clips`);
await engine.close();
