import { z } from 'zod';
import { ApiErrorBody } from './contract/api-error-body.ts';
import { ApiJob, ApiJobSummary } from './contract/api-job.ts';
import {
  CompleteInput,
  JobInput,
  JobPage,
  TranscriptQuery,
  UploadAnswer,
  UploadInput,
} from './contract/job-input.ts';
import { ListenAnswer, ListenInput, ListenQuery } from './contract/listen.ts';
import { LiveCommand, LiveMessage, LiveQuery } from './contract/live-message.ts';
import { JobId, UploadId } from './contract/resource-id.ts';
import { TranscriptionAnswer, TranscriptionEvent, VerboseAnswer } from './contract/transcription-answer.ts';
import { TranscriptionParameters, TranslationParameters } from './contract/transcription-parameters.ts';

type Content = Readonly<Record<string, z.ZodType | 'binary' | 'text'>>;

/** One operation of the API, from which its documents are written. */
export interface ApiOperation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Needs a key, where the server has keys. @default true */
  readonly open?: boolean;
  readonly parameters?: {
    readonly path?: z.ZodObject;
    readonly query?: z.ZodObject;
    readonly header?: z.ZodObject;
  };
  /** By content type; `multipart/form-data` has a `file` besides. */
  readonly body?: Content;
  readonly success: { readonly status: 101 | 200 | 201 | 202; readonly content: Content };
  /** Served only where parts of uploads do not go to S3. */
  readonly receives?: true;
  /** What frames of text hold, where the answer is a WebSocket: names of schemas in the documents. */
  readonly frames?: { readonly sent: string; readonly received: string };
  /** Statuses of errors beside those that all operations share. */
  readonly errors?: readonly number[];
}

const Model = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
});
const Deleted = z.strictObject({
  id: JobId,
  object: z.literal('transcription.job'),
  deleted: z.literal(true),
});
const Completed = z.strictObject({ id: UploadId, object: z.literal('upload'), completed: z.literal(true) });
const jobPath = { path: z.object({ id: JobId }) };
const uploadPath = { path: z.object({ id: UploadId }) };
const idempotency = {
  header: z.object({
    'Idempotency-Key': z
      .string()
      .regex(/^[!-~]{1,255}$/)
      .optional(),
  }),
};
/** Schemas that stand in the documents under a name of their own. */
export const namedSchemas: Readonly<Record<string, z.ZodType>> = {
  Error: ApiErrorBody,
  LiveCommand,
  LiveMessage,
};
/** What can be wrong with a model or a recording; where OpenAI's contract holds, the rest of it is 400. */
const openAiRecording = [404, 413];
const recording = [...openAiRecording, 415, 422];

/** Every operation, in the order of the documents. */
export const apiOperations: readonly ApiOperation[] = [
  {
    method: 'post',
    path: '/v1/audio/transcriptions',
    id: 'createTranscription',
    summary: "Transcribe a recording while you wait: OpenAI's contract",
    body: {
      'multipart/form-data': TranscriptionParameters.omit({
        known_speaker_names: true,
        known_speaker_references: true,
      }),
    },
    success: {
      status: 200,
      content: {
        'application/json': z.union([TranscriptionAnswer, VerboseAnswer]),
        'text/plain': 'text',
        'text/event-stream': TranscriptionEvent,
      },
    },
    errors: openAiRecording,
  },
  {
    method: 'post',
    path: '/v1/audio/translations',
    id: 'createTranslation',
    summary: "Translate a recording into English: OpenAI's contract",
    body: { 'multipart/form-data': TranslationParameters },
    success: {
      status: 200,
      content: {
        'application/json': z.union([z.strictObject({ text: z.string() }), VerboseAnswer]),
        'text/plain': 'text',
      },
    },
    errors: openAiRecording,
  },
  {
    method: 'post',
    path: '/v1/listen',
    id: 'listen',
    summary:
      "Transcribe a recording while you wait: Deepgram's contract; what it does not know is in metadata.warnings",
    parameters: { query: ListenQuery.omit({ callback: true, diarize: true, diarize_model: true }) },
    body: { 'application/json': ListenInput, 'application/octet-stream': 'binary' },
    success: { status: 200, content: { 'application/json': ListenAnswer } },
    errors: recording,
  },
  {
    method: 'post',
    path: '/v1/uploads',
    id: 'createUpload',
    summary: 'Announce a recording that is too large for a request',
    body: { 'application/json': UploadInput },
    success: { status: 201, content: { 'application/json': UploadAnswer } },
    errors: [413],
  },
  {
    method: 'put',
    path: '/v1/uploads/{id}/content',
    id: 'sendUpload',
    summary: 'Send the bytes of an upload, to the url of its part',
    receives: true,
    parameters: uploadPath,
    body: { 'application/octet-stream': 'binary' },
    success: { status: 200, content: { 'application/json': z.strictObject({ etag: z.string() }) } },
    errors: [404, 413],
  },
  {
    method: 'post',
    path: '/v1/uploads/{id}/complete',
    id: 'completeUpload',
    summary: 'Say that all parts were sent',
    parameters: uploadPath,
    body: { 'application/json': CompleteInput },
    success: { status: 200, content: { 'application/json': Completed } },
    errors: [404, 413],
  },
  {
    method: 'post',
    path: '/v1/jobs',
    id: 'createJob',
    summary: 'Have a recording transcribed, or with dry_run learn what it would cost (200)',
    parameters: idempotency,
    body: { 'application/json': JobInput },
    success: { status: 202, content: { 'application/json': ApiJob } },
    errors: [...recording, 409],
  },
  {
    method: 'get',
    path: '/v1/jobs',
    id: 'listJobs',
    summary: 'Your jobs, newest first, without their texts',
    parameters: { query: JobPage },
    success: {
      status: 200,
      content: {
        'application/json': z.strictObject({
          object: z.literal('list'),
          data: z.array(ApiJobSummary),
          has_more: z.boolean(),
          /** The next page's `cursor`. */
          next_cursor: JobId.nullable(),
        }),
      },
    },
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}',
    id: 'getJob',
    summary: 'How a job stands, with the text so far',
    parameters: jobPath,
    success: { status: 200, content: { 'application/json': ApiJob } },
    errors: [404],
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}/transcript',
    id: 'getTranscript',
    summary: 'The transcript of a job that is done, in any format',
    parameters: { ...jobPath, query: TranscriptQuery },
    success: {
      status: 200,
      content: { 'application/json': z.looseObject({ text: z.string() }), 'text/plain': 'text' },
    },
    errors: [404, 409],
  },
  {
    method: 'delete',
    path: '/v1/jobs/{id}',
    id: 'deleteJob',
    summary: 'Stop a job and delete all of it, with the upload that it was made of',
    parameters: jobPath,
    success: { status: 200, content: { 'application/json': Deleted } },
    errors: [404],
  },
  {
    method: 'get',
    path: '/v1/realtime',
    id: 'transcribeLive',
    summary:
      'A WebSocket (protocol murmuration) that hears speech while it is spoken: send 16 kHz mono s16le in binary frames, or in text as base64; read one message a frame',
    parameters: { query: LiveQuery },
    success: { status: 101, content: {} },
    frames: { sent: 'LiveCommand', received: 'LiveMessage' },
    errors: [426],
  },
  {
    method: 'get',
    path: '/v1/models',
    id: 'listModels',
    summary: 'What can be given as model',
    success: {
      status: 200,
      content: { 'application/json': z.strictObject({ object: z.literal('list'), data: z.array(Model) }) },
    },
  },
  {
    method: 'get',
    path: '/v1/models/{model}',
    id: 'getModel',
    summary: 'One model',
    parameters: { path: z.object({ model: z.string().min(1) }) },
    success: { status: 200, content: { 'application/json': Model } },
    errors: [404],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'health',
    summary: 'Whether the server is there',
    open: true,
    success: {
      status: 200,
      content: { 'application/json': z.strictObject({ status: z.literal('ok') }) },
    },
  },
];
