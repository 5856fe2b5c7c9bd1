/** S3 takes no more, in UTF-8. */
const LONGEST_KEY_BYTES = 1024;

/** Where everything lies in the one bucket. Keys say what an object depends on, so that writing twice writes the same. */
export const keys = {
  uploadsPrefix: 'uploads/',
  /** Recordings of the API's jobs, whose owners may remove them at any time. */
  apiPrefix: 'uploads/api/',
  /** Uploads of the API, which jobs copy theirs from: apart, so that they can expire while the recordings of jobs stay. */
  apiUploadsPrefix: 'uploads/api/incoming/',
  jobsPrefix: 'jobs/',
  transcriptsPrefix: 'transcripts/',
  /** What the uploader chose, put there before the recording: some of `JobOptions`. */
  options: (sourceKey: string) => `${sourceKey}.options.json`,
  recording: (job: string) => `jobs/${job}/recording.json`,
  /** The list of batches: the state machine's map reads it. */
  plan: (job: string) => `jobs/${job}/plan.json`,
  /** `channel` is undefined where channels are mixed. 16 kHz mono s16le. */
  audio: (job: string, channel?: number) => `jobs/${job}/audio.${channel ?? 'mix'}.s16le`,
  /** The byte ranges of a long recording that several splitters cut. */
  windows: (job: string) => `jobs/${job}/windows.json`,
  /** What one splitter found in its byte range; 0 is what was cut while decoding. */
  planPart: (job: string, part: number) => `jobs/${job}/parts/${part}.json`,
  batchResult: (job: string, index: number, lane: string) =>
    `jobs/${job}/batches/${index}/attempt-${lane}.json`,
  batchFailure: (job: string, index: number, lane: string) =>
    `jobs/${job}/batches/${index}/failure-${lane}.json`,
  /** The task token that waits for one inference. */
  token: (job: string, inferenceId: string) => `jobs/${job}/tokens/${inferenceId}.json`,
  asyncOutputPrefix: 'async/out/',
  asyncFailurePrefix: 'async/failed/',
  /** What the endpoint answers for a job begins so: each job has a folder of its own there. */
  asyncOutput: (job: string) => `async/out/${job}`,
  removedPrefix: 'removed/',
  /** Says that a job was removed, to whoever still works on it: they write nothing any more. */
  removed: (job: string) => `removed/${job}.json`,
  status: (job: string) => `jobs/${job}/status.json`,
  report: (job: string) => `jobs/${job}/report.json`,
  transcript: (sourceKey: string, format: string) => `transcripts/${sourceKey}.${format}`,
  /** Where the transcript cache has what was heard, of a job of the API: for whoever removes it when its batches have expired. */
  cacheKeys: (sourceKey: string) => `transcripts/${sourceKey}.cache.json`,
  /** The status of the job that wrote last beside these transcripts: a person who uploaded knows no job id. */
  sourceStatus: (sourceKey: string) => `transcripts/${sourceKey}.status.json`,
} as const;

/** So many bytes a recording's key may have: what lies beside its transcripts is longer, and S3 takes that too. */
export const longestSourceKeyBytes = LONGEST_KEY_BYTES - Buffer.byteLength(keys.sourceStatus(''));

/** Whether an object can have this key. */
export const isKey = (key: string): boolean => Buffer.byteLength(key) <= LONGEST_KEY_BYTES;

/** Whether a recording's transcripts can be kept under its name. */
export const fitsTranscripts = (sourceKey: string): boolean => isKey(keys.sourceStatus(sourceKey));
