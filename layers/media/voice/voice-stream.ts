import type { Pcm } from '@murmuration/pipeline/ports';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type VoiceStream, WINDOW_SAMPLES } from './voice.ts';

/** The model wants to hear the end of the window before, too. */
const CONTEXT_SAMPLES = 64;
const FRAME_SAMPLES = CONTEXT_SAMPLES + WINDOW_SAMPLES;
/** Long enough that the cost of a run does not count, short enough that `cut` need not wait: 2.05 s. */
const RUN_WINDOWS = 64;
const STATE_SIZE = 128;
/** What cannot be judged is treated as a voice, so that nothing is taken for silence. */
const UNKNOWN_IS_VOICE = 1;

/**
 * Feeds Silero VAD v6 with runs of a fixed number of windows, whatever the blocks, so that results never depend on
 * them. State (1, 1, 128) and context go over from run to run.
 */
export function voiceStream(session: InferenceSession, runWindows = RUN_WINDOWS): VoiceStream {
  /** (runWindows, FRAME_SAMPLES) */
  const frames = new Float32Array(runWindows * FRAME_SAMPLES);
  let hidden = new Float32Array(STATE_SIZE);
  let cell = new Float32Array(STATE_SIZE);
  let window = 0;
  let filled = 0;

  async function run(): Promise<number[]> {
    const feeds = {
      input: new Tensor('float32', frames.subarray(0, window * FRAME_SAMPLES), [window, FRAME_SAMPLES]),
      h: new Tensor('float32', hidden, [1, 1, STATE_SIZE]),
      c: new Tensor('float32', cell, [1, 1, STATE_SIZE]),
    };
    const outputs = await session.run(feeds);
    const [probabilities, nextHidden, nextCell] = session.outputNames.map((name) =>
      Float32Array.from(outputs[name]!.data as Float32Array),
    );
    for (const tensor of [...Object.values(feeds), ...Object.values(outputs)]) tensor.dispose();
    const end = window * FRAME_SAMPLES;
    frames.copyWithin(0, end - CONTEXT_SAMPLES, end);
    window = 0;
    // Samples that are not numbers, or huge, would otherwise deafen it for the rest of the recording.
    const sane = nextCell!.every(Number.isFinite) && nextHidden!.every(Number.isFinite);
    hidden = sane ? nextHidden! : new Float32Array(STATE_SIZE);
    cell = sane ? nextCell! : new Float32Array(STATE_SIZE);
    return Array.from(probabilities!, (probability) =>
      Number.isNaN(probability) ? UNKNOWN_IS_VOICE : probability,
    );
  }

  function endWindow(): void {
    window += 1;
    filled = 0;
    const end = window * FRAME_SAMPLES;
    // Not after the last: the first frame's context is still to be heard.
    if (window < runWindows) frames.copyWithin(end, end - CONTEXT_SAMPLES, end);
  }

  return {
    async push(block: Pcm) {
      const probabilities: number[] = [];
      for (let read = 0; read < block.length; ) {
        const part = block.subarray(read, read + WINDOW_SAMPLES - filled);
        frames.set(part, window * FRAME_SAMPLES + CONTEXT_SAMPLES + filled);
        filled += part.length;
        read += part.length;
        if (filled === WINDOW_SAMPLES) endWindow();
        if (window === runWindows) probabilities.push(...(await run()));
      }
      return probabilities;
    },
    async end() {
      // As faster-whisper does: there is always a window more, and its last 64 samples are zero.
      const from = window * FRAME_SAMPLES + CONTEXT_SAMPLES;
      frames.fill(0, from + Math.min(filled, WINDOW_SAMPLES - CONTEXT_SAMPLES), from + WINDOW_SAMPLES);
      endWindow();
      return run();
    },
  };
}
