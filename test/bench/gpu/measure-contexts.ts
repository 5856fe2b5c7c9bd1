import { readFileSync } from 'node:fs';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { fromSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { measureContexts as measure } from '../context.ts';
import { variantsTable } from '../variants-table.ts';

interface PackedClip {
  readonly file: string;
  readonly text: string;
  readonly offset: number;
  readonly samples: number;
}

const ROUNDS = 5;
const BATCH_ROWS = 64;

/** Encoder contexts and ways to cut, as `npm run bench -- context` has them, on the GPU: word error against speed. */
export async function measureContexts(modelFolder: string) {
  const audio = readFileSync('contexts.s16');
  const packed = JSON.parse(readFileSync('contexts.json', 'utf8')) as PackedClip[];
  const clips = packed.map(({ file, text, offset, samples }) => ({
    file,
    text,
    pcm: fromSixteenBit(audio.subarray(offset * 2, (offset + samples) * 2)),
  }));
  const voice = await createVoiceDetector({ modelPath: 'silero-vad-v6.onnx' });
  const options = { modelFolder, session: { ownThread: true }, batchSize: BATCH_ROWS, rounds: ROUNDS, voice };
  const figures = (await measure(new Map([['recordings', clips]]), options)).get('recordings')!;
  await voice.close();
  return { figures, table: variantsTable('GPU', figures, 'engineSeconds') };
}
