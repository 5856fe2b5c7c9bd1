import { z } from 'zod';
import { JobStatus } from '../contract/job-status.ts';
import type { JobFailed, PlanTranscribed, TranscriptReady } from '../contract/messages.ts';
import { Batch, Recording } from '../contract/plan.ts';
import type { Report } from '../contract/report.ts';
import type { Transcript } from '../contract/transcript.ts';
import { editRecording } from '../edits/edit-recording.ts';
import { isConfidential, openEdits } from '../edits/open-edits.ts';
import { deliveredFormats, keepsWords } from '../formats/delivered-formats.ts';
import { timestamp } from '../formats/timestamp.ts';
import { speechOf } from '../hearing/placed-segment.ts';
import { estimateCost } from '../jobs/estimate-cost.ts';
import { forgetHeard } from '../jobs/forget-heard.ts';
import { heardSeconds } from '../jobs/heard-seconds.ts';
import { isSuperseded } from '../jobs/is-superseded.ts';
import { jobFailure } from '../jobs/job-failure.ts';
import { meterCpuEnd } from '../jobs/meter-batch.ts';
import { needJson, readableJson, readJson } from '../jobs/read-json.ts';
import { type BatchOutcome, readResults } from '../jobs/read-results.ts';
import { writeJson } from '../jobs/write-json.ts';
import { writeStatus } from '../jobs/write-status.ts';
import { keys } from '../keys.ts';
import { finishTranscript } from '../merge/finish-transcript.ts';
import { heardInBatch } from '../merge/heard-in-batch.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import type { ObjectStore } from '../ports.ts';
import { placeOf } from '../splitting/segment-of-cut.ts';

/**
 * Makes one transcript of what the lanes left, and delivers it. Batches that no lane transcribed are marked gaps; where that is
 * all of them the job has failed, and so has one whose source was replaced meanwhile. Pure but for its objects: run twice, it leaves the same bytes.
 */
export async function mergeBatches(
  { jobId }: PlanTranscribed,
  { store, meter, clock, prices }: Pick<PipelinePorts, 'store' | 'meter' | 'clock' | 'prices'>,
): Promise<TranscriptReady | JobFailed> {
  const recording = await needJson(store, keys.recording(jobId), Recording);
  const { sourceKey, durationSeconds, warnings } = recording;
  const ofSource = await readableJson(store, keys.sourceStatus(sourceKey), JobStatus);
  if (isSuperseded(recording, ofSource)) {
    const reason = `another recording was uploaded as "${sourceKey}" since, and its transcript is the one that is kept`;
    return { kind: 'job-failed', jobId, sourceKey, code: 'file-not-found', reason };
  }
  const told = await toldBefore(recording, store);
  if (told !== undefined) return told;
  const outcomes = await readResults(await needJson(store, keys.plan(jobId), z.array(Batch)), store);
  const failed = outcomes.filter(({ result }) => result === undefined);
  if (failed.length === outcomes.length) {
    const { code = 'internal', reason = 'no lane finished it' } = failed[0]?.failures.at(-1) ?? {};
    return { kind: 'job-failed', jobId, sourceKey, code, reason: `no batch could be transcribed: ${reason}` };
  }
  let merged: ReturnType<typeof merge>;
  try {
    merged = merge(recording, outcomes);
  } catch (error) {
    return jobFailure(error, { jobId, sourceKey });
  }
  const { transcript, report } = merged;
  const outputs = await deliver(transcript, recording, store);
  await writeJson(store, keys.report(jobId), report);

  const results = outcomes.flatMap(({ result }) => result ?? []);
  const cacheKeys = [...new Set(results.flatMap((result) => result.cacheKeys ?? []))];
  if (sourceKey.startsWith(keys.apiPrefix) && cacheKeys.length > 0) {
    await writeJson(store, keys.cacheKeys(sourceKey), cacheKeys);
  }
  const state = failed.length === 0 ? 'done' : 'partial';
  const isNew = await writeStatus(
    {
      jobId,
      sourceKey,
      state,
      ...(failed.length === 0 ? {} : { reason: gapsInWords(failed, outcomes.length) }),
      durationSeconds,
      ...heardSeconds(recording),
      batches: outcomes.length,
      failedBatches: failed.map(({ batch }) => batch.index),
      lanes: {
        gpu: results.filter(({ lane }) => lane === 'gpu').length,
        cpu: results.filter(({ lane }) => lane === 'cpu').length,
      },
      cachedSegments: results.reduce((sum, { cached }) => sum + cached, 0),
      warnings,
      outputs,
    },
    { store, clock },
  );
  if (isNew) {
    meter.add(state === 'done' ? metrics.jobsDone : metrics.jobsPartial, 1, 'Count');
    meter.add(metrics.audioSeconds, durationSeconds, 'Seconds');
    for (const { failures } of failed) {
      // Every try of it broke, and none could leave word
      if (failures.some(({ lane }) => lane === 'cpu')) continue;
      meterCpuEnd({ fromGpu: failures.length > 0, isDead: true }, meter);
    }
    if (prices) meter.add(metrics.estimatedCost, estimateCost(results, prices), 'None');
  }
  await forgetHeard(recording, store);
  const heard = heardSeconds(recording);
  return { kind: 'transcript-ready', jobId, sourceKey, state, durationSeconds, ...heard, outputs };
}

/** Where what was heard is not kept, what was delivered of it stands: there is nothing left to merge it of again. */
async function toldBefore(recording: Recording, store: ObjectStore): Promise<TranscriptReady | undefined> {
  const { jobId, sourceKey, options } = recording;
  if (!isConfidential(options.edits)) return undefined;
  const status = await readJson(store, keys.status(jobId), JobStatus);
  if (status?.outputs === undefined || (status.state !== 'done' && status.state !== 'partial'))
    return undefined;
  await forgetHeard(recording, store);
  const { state, outputs, durationSeconds = recording.durationSeconds } = status;
  const heard = heardSeconds(recording);
  return { kind: 'transcript-ready', jobId, sourceKey, state, durationSeconds, ...heard, outputs };
}

function merge(
  recording: Recording,
  outcomes: readonly BatchOutcome[],
): { transcript: Transcript; report: Report } {
  const { jobId, sourceKey, model, options, durationSeconds, warnings } = recording;
  const segments = outcomes.flatMap(({ batch }) => batch.segments);
  const listened = segments.every(({ speech }) => speech !== undefined);
  const finished = finishTranscript({
    heard: outcomes.flatMap(heardInBatch),
    speech: listened ? segments.flatMap((segment) => speechOf(placeOf(segment))) : undefined,
    keepWords: keepsWords(options),
    model,
    decoding: options.decoding,
    durationSeconds,
  });
  const { transcript, findings } = editRecording(finished, openEdits(options.edits));
  const batches = outcomes.map(({ batch: { index }, result, failures }) => ({
    index,
    ...(result === undefined ? {} : { lane: result.lane }),
    cached: result?.cached ?? 0,
    failures: failures.map(({ lane, code, reason }) => ({ lane, code, reason })),
  }));
  const about = { jobId, sourceKey, model, durationSeconds, warnings };
  return { transcript, report: { ...about, findings: [...findings], batches } };
}

/** The transcript in every format that was asked for. Answers their keys. */
async function deliver(
  transcript: Transcript,
  { sourceKey, options }: Recording,
  store: ObjectStore,
): Promise<Record<string, string>> {
  const outputs: Record<string, string> = {};
  for (const name of options.formats) {
    const { write, contentType } = deliveredFormats[name];
    outputs[name] = keys.transcript(sourceKey, name);
    await store.write(outputs[name], write(transcript), { contentType });
  }
  return outputs;
}

function gapsInWords(failed: readonly BatchOutcome[], batches: number): string {
  const gaps = failed.map(({ batch: { segments } }) => {
    const end = Math.max(...segments.map(({ endSeconds }) => endSeconds));
    return `${timestamp(segments[0]!.startSeconds, '.')} to ${timestamp(end, '.')}`;
  });
  const why = failed[0]?.failures.at(-1)?.reason ?? 'no lane finished it';
  return `${failed.length} of ${batches} batches could not be transcribed (${gaps.join(', ')}): ${why}`;
}
