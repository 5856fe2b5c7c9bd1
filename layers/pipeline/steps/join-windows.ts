import { z } from 'zod';
import { BYTES_PER_SAMPLE } from '../audio/sixteen-bit.ts';
import { type JobFailed, type PlanReady, Window, type WindowsCut } from '../contract/messages.ts';
import { Recording } from '../contract/plan.ts';
import { PlanPart, type UnnumberedSegment } from '../contract/plan-part.ts';
import { MurmurationError } from '../errors.ts';
import { jobFailure } from '../jobs/job-failure.ts';
import { needJson } from '../jobs/read-json.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import { SAMPLE_RATE_HERTZ } from '../ports.ts';
import { writePlan } from '../splitting/write-plan.ts';

/** Makes one plan of what several splitters cut, if together they cut all of it. */
export async function joinWindows(
  { jobId }: WindowsCut,
  { store, clock }: Pick<PipelinePorts, 'store' | 'clock'>,
): Promise<PlanReady | JobFailed> {
  const { batches: _, ...recording } = await needJson(store, keys.recording(jobId), Recording);
  try {
    const windows = await needJson(store, keys.windows(jobId), z.array(Window));
    const { segments } = await needJson(store, keys.planPart(jobId, 0), PlanPart);
    for (const window of windows) {
      const part = await needJson(store, keys.planPart(jobId, window.part), PlanPart);
      requireWhole(part.segments, window);
      segments.push(...part.segments);
    }
    return await writePlan(recording, segments, { store, clock });
  } catch (error) {
    return jobFailure(error, { jobId, sourceKey: recording.sourceKey });
  }
}

function requireWhole(segments: readonly UnnumberedSegment[], window: Window): void {
  let doneBytes = window.byteStart;
  for (const { byteStart, byteEnd, overlapSeconds } of segments) {
    const overlapBytes = Math.round(overlapSeconds * SAMPLE_RATE_HERTZ) * BYTES_PER_SAMPLE;
    if (byteStart + overlapBytes !== doneBytes) break;
    doneBytes = byteEnd;
  }
  if (doneBytes === window.byteEnd) return;
  throw new MurmurationError(
    'internal',
    `window ${window.part} was cut up to byte ${doneBytes} of ${window.byteEnd}: please report it`,
    { details: { window } },
  );
}
