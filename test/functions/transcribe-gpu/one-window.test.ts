import { createHash } from 'node:crypto';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { keys } from '@murmuration/pipeline/keys';
import { expect, it, onTestFinished } from 'vitest';
import { recording } from '../../engine/recordings.ts';
import { serveBucket } from './bucket-server.ts';
import { startServer } from './start-server.ts';

it('computes the segments of a request apart where their windows differ', async () => {
  const jfk = await recording('jfk.flac');
  // The tail of merged silence has no room behind the second
  const sounds = [jfk, Float32Array.from({ length: 480_000 }, (_, at) => jfk[at % jfk.length]!)];
  const bytes = sounds.map((pcm) => toSixteenBit(pcm));
  const bucket = await serveBucket('recordings', new Map([[keys.audio('one'), Buffer.concat(bytes)]]));
  const server = startServer({ AWS_ENDPOINT_URL: bucket.url });
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await bucket.close();
  });
  await server.ready();
  let at = 0;
  const { status } = await server.invoke({
    ...{ kind: 'batch', bucket: 'recordings', jobId: 'one', index: 0, model: 'whisper-tiny.en-int8' },
    decoding: DecodingOptions.parse({ language: 'en', temperatures: [0] }),
    segments: bytes.map((sound, index) => {
      const [byteStart, byteEnd] = [at, at + sound.length];
      at = byteEnd;
      const sha256 = createHash('sha256').update(sound).digest('hex');
      const times = { startSeconds: byteStart / 32_000, endSeconds: byteEnd / 32_000, overlapSeconds: 0 };
      return { index, byteStart, byteEnd, sha256, ...times, speech: [] };
    }),
  });
  expect(status).toBe(200);
  const metrics = await (await server.get('/metrics')).text();
  // Two of one segment, none larger
  expect(metrics).toMatch(/^murmuration_batch_segments_bucket\{.*le="1".*\} 2$/m);
  expect(metrics).toMatch(/^murmuration_batch_segments_bucket\{.*le="\+Inf".*\} 2$/m);
});
