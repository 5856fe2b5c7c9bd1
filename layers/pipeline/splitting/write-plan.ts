import type { JobOptions } from '../contract/job.ts';
import type { PlanReady } from '../contract/messages.ts';
import type { Batch, Recording } from '../contract/plan.ts';
import type { UnnumberedSegment } from '../contract/plan-part.ts';
import { isConfidential } from '../edits/open-edits.ts';
import { MurmurationError } from '../errors.ts';
import { needsWords } from '../formats/delivered-formats.ts';
import { heardSeconds } from '../jobs/heard-seconds.ts';
import { writeJson } from '../jobs/write-json.ts';
import { writeStatus } from '../jobs/write-status.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** 224 s of speech: some 2 s of a GPU, some 10 s of a Lambda. */
const SEGMENTS_PER_BATCH = 8;
/** An asynchronous endpoint takes 128,000 bytes in a request; the door adds the bucket's name. */
const LARGEST_BATCH_BYTES = 120_000;

/** Writes what merging will need, then the list of batches, then the status. */
export async function writePlan(
  draft: Omit<Recording, 'batches'>,
  segments: readonly UnnumberedSegment[],
  { store, clock }: Pick<PipelinePorts, 'store' | 'clock'>,
): Promise<PlanReady> {
  const { jobId, sourceKey, durationSeconds } = draft;
  const batches = planBatches(draft, segments);
  const recording: Recording = { ...draft, batches: batches.length };
  await writeJson(store, keys.recording(jobId), recording);
  await writeJson(store, keys.plan(jobId), batches);
  const state = { state: 'transcribing', durationSeconds, ...heardSeconds(recording) } as const;
  await writeStatus({ jobId, sourceKey, ...state, batches: batches.length }, { store, clock });
  return { kind: 'plan-ready', jobId, batches: batches.length };
}

/** Segments in order of time, numbered, in batches of at most 8 that each fit a request. Throws `invalid-argument`. */
export function planBatches(
  { jobId, model, options }: Pick<Recording, 'jobId' | 'model' | 'options'>,
  segments: readonly UnnumberedSegment[],
): Batch[] {
  const decoding = { ...options.decoding, words: needsWords(options, segments.length) };
  const secrecy = isConfidential(options.edits) ? { confidential: true as const } : {};
  const batches: Batch[] = [];
  const inOrder = [...segments].sort(
    (a, b) => a.startSeconds - b.startSeconds || (a.channel ?? 0) - (b.channel ?? 0),
  );
  for (const [index, unnumbered] of inOrder.entries()) {
    const segment = { index, ...unnumbered };
    const batch = batches.at(-1);
    const longer = batch && { ...batch, segments: [...batch.segments, segment] };
    if (longer && longer.segments.length <= SEGMENTS_PER_BATCH && sizeBytes(longer) <= LARGEST_BATCH_BYTES) {
      batches[batches.length - 1] = longer;
      continue;
    }
    const about = { kind: 'batch', jobId, index: batches.length, model, decoding } as const;
    batches.push({ ...about, segments: [segment], ...secrecy });
  }
  const largest = Math.max(...batches.map(sizeBytes));
  if (largest > LARGEST_BATCH_BYTES) throw optionsTooLong(options, largest);
  return batches;
}

const sizeBytes = (batch: Batch) => Buffer.byteLength(JSON.stringify(batch));

function optionsTooLong({ decoding }: JobOptions, bytes: number): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `prompt and hotwords make a request of ${bytes} bytes (${decoding.prompt.length} characters, ${decoding.hotwords.length} words), at most ${LARGEST_BATCH_BYTES} fit: shorten them`,
  );
}
