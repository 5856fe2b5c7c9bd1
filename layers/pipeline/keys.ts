/** Where everything lies in the one bucket. Keys say what an object depends on, so that writing twice writes the same. */
export const keys = {
  uploadsPrefix: 'uploads/',
  jobsPrefix: 'jobs/',
  transcriptsPrefix: 'transcripts/',
  recording: (job: string) => `jobs/${job}/recording.json`,
  /** The list of batches: the state machine's map reads it. */
  plan: (job: string) => `jobs/${job}/plan.json`,
  /** `channel` is undefined where channels are mixed. 16 kHz mono s16le. */
  audio: (job: string, channel?: number) => `jobs/${job}/audio.${channel ?? 'mix'}.s16le`,
  /** What one of several splitters found in its byte range. */
  planPart: (job: string, part: number) => `jobs/${job}/parts/${part}.json`,
  batchResult: (job: string, index: number, lane: string) =>
    `jobs/${job}/batches/${index}/attempt-${lane}.json`,
  batchFailure: (job: string, index: number, lane: string) =>
    `jobs/${job}/batches/${index}/failure-${lane}.json`,
  /** The task token that waits for one inference. */
  token: (job: string, inferenceId: string) => `jobs/${job}/tokens/${inferenceId}.json`,
  asyncOutputPrefix: 'async/out/',
  asyncFailurePrefix: 'async/failed/',
  status: (job: string) => `jobs/${job}/status.json`,
  report: (job: string) => `jobs/${job}/report.json`,
  transcript: (sourceKey: string, format: string) => `transcripts/${sourceKey}.${format}`,
} as const;
