import { type Engine, type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import type { BatchCost } from './batch-limit.ts';
import type { MemoryProbe } from './memory-probe.ts';

/** Whisper's window: no segment takes more. */
const SECONDS = 30;

/**
 * Runs two batch sizes and measures what a segment more costs. The larger one must be worth seeing beside the steps in
 * which onnxruntime takes memory. Throws what the engine throws.
 */
export async function calibrate(
  engine: Engine,
  probe: MemoryProbe | undefined,
  largerSize: number,
): Promise<BatchCost> {
  const one = await measure(engine, probe, 1);
  const many = await measure(engine, probe, largerSize);
  const more = largerSize - 1;
  const bytes =
    one.freeBytes === undefined || many.freeBytes === undefined ? 0 : one.freeBytes - many.freeBytes;
  const millisecondsPerSegment = Math.max(0, (many.milliseconds - one.milliseconds) / more);
  return {
    bytesPerSegment: bytes > 0 ? bytes / more : undefined,
    fixedMilliseconds: Math.max(0, one.milliseconds - millisecondsPerSegment),
    millisecondsPerSegment,
  };
}

async function measure(engine: Engine, probe: MemoryProbe | undefined, size: number) {
  const segments = new Array<Pcm>(size).fill(noise());
  // No rung of the ladder but the first: one run, whose rows are counted
  const options = { temperatures: [0], shortContext: false };
  await engine.transcribe(segments, options);
  const startedAt = performance.now();
  // The first run of a size sets things up
  await engine.transcribe(segments, options);
  return { milliseconds: performance.now() - startedAt, freeBytes: await probe?.freeBytes() };
}

/** Quiet, and the same at every start; digital silence would never reach the graph. */
function noise(): Pcm {
  const pcm = new Float32Array(SECONDS * SAMPLE_RATE_HERTZ);
  let state = 1;
  for (let i = 0; i < pcm.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pcm[i] = (state / 2 ** 32 - 0.5) * 0.02;
  }
  return pcm;
}
