import { z } from 'zod';
import { Lane } from './batch-result.ts';
import { Batch } from './plan.ts';

const JobId = z.string().min(1);
const Index = z.int().nonnegative();

/** What Step Functions says of a state that failed; its own names, in capitals. */
export const StateFailure = z.object({ Error: z.string(), Cause: z.string().optional() });
export type StateFailure = z.infer<typeof StateFailure>;

/** A byte range of one channel's PCM that is still to be cut. */
export const Window = z.strictObject({
  kind: z.literal('window'),
  jobId: JobId,
  part: z.int().positive(),
  channel: Index.optional(),
  byteStart: z.int().nonnegative(),
  byteEnd: z.int().positive(),
});
export type Window = z.infer<typeof Window>;

export const WindowsReady = z.strictObject({
  kind: z.literal('windows-ready'),
  jobId: JobId,
  windows: z.array(Window).min(1),
});
export type WindowsReady = z.infer<typeof WindowsReady>;

export const WindowCut = z.strictObject({
  kind: z.literal('window-cut'),
  jobId: JobId,
  part: z.int().positive(),
});
export type WindowCut = z.infer<typeof WindowCut>;

/** All windows of a job are cut. */
export const WindowsCut = z.strictObject({ kind: z.literal('windows-cut'), jobId: JobId });
export type WindowsCut = z.infer<typeof WindowsCut>;

export const PlanReady = z.strictObject({
  kind: z.literal('plan-ready'),
  jobId: JobId,
  batches: z.int().positive(),
});
export type PlanReady = z.infer<typeof PlanReady>;

/** The same upload was transcribed before, and its transcripts are where they would be put. */
export const AlreadyDelivered = z.strictObject({ kind: z.literal('already-delivered'), jobId: JobId });
export type AlreadyDelivered = z.infer<typeof AlreadyDelivered>;

/** A batch for the GPU lane, with the token of the state that waits for it. */
export const BatchOffered = z.strictObject({
  kind: z.literal('batch-offered'),
  taskToken: z.string().min(1),
  batch: Batch,
});
export type BatchOffered = z.infer<typeof BatchOffered>;

/** What the door sends to the endpoint. */
export const InferenceRequested = z.strictObject({
  kind: z.literal('inference-requested'),
  inferenceId: z.string().min(1).max(64),
  batch: Batch,
});
export type InferenceRequested = z.infer<typeof InferenceRequested>;

/** SageMaker's notice of an asynchronous inference, as far as it concerns us. */
export const InferenceFinished = z.strictObject({
  kind: z.literal('inference-finished'),
  inferenceId: z.string().min(1),
  /** Key of what the endpoint answered; undefined where it failed. */
  outputKey: z.string().min(1).optional(),
  failureReason: z.string().optional(),
});
export type InferenceFinished = z.infer<typeof InferenceFinished>;

/** A batch for the CPU lane; `gpuFailure` where the GPU lane was tried first. */
export const BatchForCpu = Batch.extend({ gpuFailure: StateFailure.optional() });
export type BatchForCpu = z.infer<typeof BatchForCpu>;

export const BatchDone = z.strictObject({
  kind: z.literal('batch-done'),
  jobId: JobId,
  index: Index,
  lane: Lane,
});
export type BatchDone = z.infer<typeof BatchDone>;

/** Trying again would not help: its stretch stays a gap. */
export const BatchFailed = z.strictObject({
  kind: z.literal('batch-failed'),
  jobId: JobId,
  index: Index,
  lane: Lane,
  code: z.string(),
});
export type BatchFailed = z.infer<typeof BatchFailed>;

export const TaskSucceeded = z.strictObject({
  kind: z.literal('task-succeeded'),
  taskToken: z.string().min(1),
  output: BatchDone,
});
export type TaskSucceeded = z.infer<typeof TaskSucceeded>;

export const TaskFailed = z.strictObject({
  kind: z.literal('task-failed'),
  taskToken: z.string().min(1),
  code: z.string(),
  reason: z.string(),
});
export type TaskFailed = z.infer<typeof TaskFailed>;

/** Nobody waits for this inference: it is not ours, or its job is gone. */
export const InferenceUnknown = z.strictObject({
  kind: z.literal('inference-unknown'),
  inferenceId: z.string(),
});
export type InferenceUnknown = z.infer<typeof InferenceUnknown>;

/** Every batch went through a lane, or through all of them in vain. */
export const PlanTranscribed = z.strictObject({ kind: z.literal('plan-transcribed'), jobId: JobId });
export type PlanTranscribed = z.infer<typeof PlanTranscribed>;

export const TranscriptReady = z.strictObject({
  kind: z.literal('transcript-ready'),
  jobId: JobId,
  sourceKey: z.string(),
  state: z.enum(['done', 'partial']),
  durationSeconds: z.number().nonnegative(),
  /** All channels together, where each was transcribed for itself. @default durationSeconds */
  heardSeconds: z.number().nonnegative().optional(),
  outputs: z.record(z.string(), z.string()),
});
export type TranscriptReady = z.infer<typeof TranscriptReady>;

/** A job that ends without a transcript. A step gives code and reason; of a state that broke, only `failure` is known. */
export const JobFailed = z.strictObject({
  kind: z.literal('job-failed'),
  jobId: JobId.optional(),
  sourceKey: z.string().min(1),
  code: z.string().optional(),
  reason: z.string().optional(),
  failure: StateFailure.optional(),
});
export type JobFailed = z.infer<typeof JobFailed>;

/** An execution that was ended from outside, so that nothing in it could say so: by hand, or by its time limit. */
export const ExecutionStopped = z.strictObject({
  kind: z.literal('execution-stopped'),
  /** Of the upload that it was begun for. */
  sourceKey: z.string().min(1),
  etag: z.string().min(1),
  code: z.string(),
  reason: z.string(),
});
export type ExecutionStopped = z.infer<typeof ExecutionStopped>;

/** The job of an execution that was stopped had ended before, is gone, or another upload took its place. */
export const JobUntouched = z.strictObject({ kind: z.literal('job-untouched') });
export type JobUntouched = z.infer<typeof JobUntouched>;

/** A failed job that was told of: its end. */
export const JobEnded = z.strictObject({
  kind: z.literal('job-failed'),
  jobId: JobId,
  sourceKey: z.string(),
  state: z.literal('failed'),
  code: z.string(),
  reason: z.string(),
});
export type JobEnded = z.infer<typeof JobEnded>;
