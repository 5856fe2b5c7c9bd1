import { BYTES_PER_SAMPLE } from '../audio/sixteen-bit.ts';
import { JobOptions, type MediaUploaded } from '../contract/job.ts';
import { JobStatus } from '../contract/job-status.ts';
import type { AlreadyDelivered, JobFailed, PlanReady, WindowsReady } from '../contract/messages.ts';
import { openEdits } from '../edits/open-edits.ts';
import { MurmurationError } from '../errors.ts';
import { jobFailure } from '../jobs/job-failure.ts';
import { jobIdOf } from '../jobs/job-id.ts';
import { parseJson, readableJson } from '../jobs/read-json.ts';
import { unlessRemoved } from '../jobs/unless-removed.ts';
import { writeJson } from '../jobs/write-json.ts';
import { writeStatus } from '../jobs/write-status.ts';
import { fitsTranscripts, keys, longestSourceKeyBytes } from '../keys.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import { type ObjectStore, SAMPLE_RATE_HERTZ } from '../ports.ts';
import { decodeAndCut } from '../splitting/decode-and-cut.ts';
import { planWindows } from '../splitting/plan-windows.ts';
import { SPLIT_LIMITS } from '../splitting/split-limits.ts';
import { writePlan } from '../splitting/write-plan.ts';

type SplitPorts = Pick<PipelinePorts, 'store' | 'meter' | 'clock' | 'decoder' | 'cut' | 'model' | 'limits'>;

/**
 * Decodes an upload to PCM and cuts it where people pause, in one pass; of a long one, it leaves the rest to be cut in
 * windows. An upload that was delivered before ends here, and so does what is no recording.
 */
export async function splitRecording(
  message: MediaUploaded,
  ports: SplitPorts,
): Promise<PlanReady | WindowsReady | AlreadyDelivered | JobFailed> {
  const { key: sourceKey, etag, uploadedAt } = message;
  const { store, meter, clock, model } = ports;
  if (uploadedAt !== undefined) {
    meter.add(metrics.queueWait, Math.max(0, clock() - uploadedAt), 'Milliseconds');
  }
  try {
    requireShortName(sourceKey);
    const options = await readOptions(message, store);
    const jobId = jobIdOf({ sourceKey, etag, options, model });
    const last = await readableJson(store, keys.sourceStatus(sourceKey), JobStatus);
    if (last?.jobId === jobId && last.state === 'done' && (await isDelivered(last, store))) {
      return { kind: 'already-delivered', jobId };
    }
    const own = { ...ports, store: unlessRemoved(store, jobId) };
    return await split(message, { jobId, options }, own).catch((error: unknown) =>
      jobFailure(error, { jobId, sourceKey }),
    );
  } catch (error) {
    return jobFailure(error, { sourceKey });
  }
}

async function split(
  { key: sourceKey, etag }: MediaUploaded,
  { jobId, options }: { jobId: string; options: JobOptions },
  ports: SplitPorts,
): Promise<PlanReady | WindowsReady> {
  const { store, clock, cut, model, limits = SPLIT_LIMITS } = ports;
  // Before the status: whose upload was replaced meanwhile must not take the place of the newer one
  const source = await store.open(sourceKey, { etag });
  await writeStatus({ jobId, sourceKey, state: 'splitting', etag }, { store, clock });
  const job = { jobId, options, inlineSeconds: limits.inlineSeconds };
  const { media, warnings, sizeBytes, segments, uncut } = await decodeAndCut(source, job, ports);
  const recording = {
    jobId,
    sourceKey,
    model,
    options,
    container: media.container,
    codec: media.codec,
    durationSeconds: sizeBytes / BYTES_PER_SAMPLE / SAMPLE_RATE_HERTZ,
    channels: media.channels,
    warnings: [...warnings],
  };
  if (uncut.length === 0) return writePlan(recording, segments, ports);
  const { windowSeconds } = limits;
  const windows = await planWindows(uncut, { jobId, sizeBytes, windowSeconds }, { store, cut });
  await writeJson(store, keys.planPart(jobId, 0), { segments });
  await writeJson(store, keys.windows(jobId), windows);
  await writeJson(store, keys.recording(jobId), { ...recording, batches: 0 });
  return { kind: 'windows-ready', jobId, windows };
}

function requireShortName(sourceKey: string): void {
  if (fitsTranscripts(sourceKey)) return;
  throw new MurmurationError(
    'invalid-argument',
    `the recording's key has ${Buffer.byteLength(sourceKey)} bytes, and those of its transcripts would be too long for S3: upload it under one of at most ${longestSourceKeyBytes} bytes`,
  );
}

/** Whether all that was delivered is still there: people delete transcripts to have them made anew. */
async function isDelivered({ outputs = {} }: JobStatus, store: ObjectStore): Promise<boolean> {
  const firstBytes = Object.values(outputs).map((key) => store.read(key, { start: 0, end: 1 }));
  return (await Promise.all(firstBytes)).every((bytes) => bytes !== undefined);
}

/** What the event says, and before that what lies beside the recording. Throws `invalid-argument`. */
async function readOptions({ key, options }: MediaUploaded, store: ObjectStore): Promise<JobOptions> {
  const bytes = await store.read(keys.options(key));
  const parsed =
    bytes === undefined ? { success: true as const, data: options } : JobOptions.safeParse(parseJson(bytes));
  if (parsed.success) {
    // Rules that cannot be used are told before anything is heard
    openEdits(parsed.data.edits);
    return parsed.data;
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`);
  throw new MurmurationError(
    'invalid-argument',
    `options in "${keys.options(key)}" are wrong: ${problems.join('; ')}. correct them and upload the recording again`,
  );
}
