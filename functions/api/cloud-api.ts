import { randomUUID } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { dynamoIdempotency } from '@murmuration/api/adapters/dynamo-idempotency';
import { dynamoKeyRing } from '@murmuration/api/adapters/dynamo-key-ring';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { fetchRecording } from '@murmuration/api/adapters/fetch-recording';
import { jobExecutions } from '@murmuration/api/adapters/job-executions';
import { ownObjects } from '@murmuration/api/adapters/own-objects';
import { s3JobResults } from '@murmuration/api/adapters/s3-job-results';
import { s3ObjectFolder } from '@murmuration/api/adapters/s3-object-folder';
import { s3Uploads } from '@murmuration/api/adapters/s3-uploads';
import { stepFunctionsJobs } from '@murmuration/api/adapters/step-functions-jobs';
import { createApi } from '@murmuration/api/create-api';
import { gatewayCaller } from '@murmuration/api/gateway-caller';
import { reachBounds } from '@murmuration/media/reach-bounds';
import { checkWebhookUrl } from '@murmuration/pipeline/adapters/check-webhook-url';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { openCache } from '@murmuration/pipeline/adapters/open-cache';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import type { z } from 'zod';
import { download } from './download.ts';
import type { ApiEnv } from './env.ts';
import { fetchModel } from './fetch-model.ts';
import { lambdaTranscriber } from './lambda-transcriber.ts';

/** Lambda takes 6 MB of request with its envelope, and a body comes in base64, a third larger. */
const MOST_BODY_BYTES = 4.4e6;
/** S3 copies so much in one call. */
const MOST_UPLOAD_BYTES = 5e9;

const NO_WEBHOOKS =
  'webhook: nothing signs webhooks here: deploy with webhookSecretParameter, or ask GET /v1/jobs/ID how the job stands';

const NO_REALTIME =
  'there is no live transcription here: deploy with api=keys or api=iam, for API Gateway asks no Cognito on a WebSocket';

/** The API on S3, Step Functions and one table. */
export function cloudApi(env: z.output<typeof ApiEnv>, logger: Logger): ReturnType<typeof createApi> {
  const { BUCKET: bucket } = env;
  const clock = Date.now;
  const store = s3ObjectStore({ bucket });
  const table = dynamoTable({ tableName: env.TABLE });
  const uploads = s3Uploads({ bucket, table, store, clock });
  const ledger = dynamoLedger(table, clock);
  const cache = openCache(env, emfMeter({ namespace: env.METRICS_NAMESPACE }));
  const transcriber = lambdaTranscriber({
    mediaFolder: env.MEDIA_FOLDER,
    reach: env.FILE_REACH,
    modelId: env.MODEL_ID,
    fetchModel: () => fetchModel(env.MODEL_FILES, s3ObjectStore({ bucket: env.MODEL_BUCKET })),
    cache,
  });
  const jobs = stepFunctionsJobs({
    executions: jobExecutions({
      stateMachineArn: env.STATE_MACHINE_ARN,
      removalMachineArn: env.REMOVAL_MACHINE_ARN,
    }),
    table,
    store,
    folder: s3ObjectFolder({ bucket }),
    cache,
    fetchRecording: fetchRecording({
      bucket,
      store,
      uploads,
      download: (url) => download(url, { mostBytes: MOST_UPLOAD_BYTES, reach: env.FILE_REACH }),
    }),
    probe: async (key) => transcriber.probe(await store.open(key)),
    removeUpload: uploads.remove,
    ledger,
    clock,
  });
  return createApi(
    {
      transcriber,
      jobs,
      results: s3JobResults(table, store),
      uploads,
      objects: ownObjects(store),
      ...(env.AUTHENTICATION === 'keys'
        ? { keyRing: dynamoKeyRing(table) }
        : { callerOf: gatewayCaller(env) }),
      ledger,
      idempotency: dynamoIdempotency(table, clock),
      clock,
      newId: randomUUID,
      onError: (error, requestId) => logger.error('request failed', { requestId, error: error as Error }),
    },
    {
      version: '0.1.0',
      mostBodyBytes: MOST_BODY_BYTES,
      mostUploadBytes: MOST_UPLOAD_BYTES,
      // Lambda brings one request at a time
      mostAtOnce: 1,
      dollarsPerAudioHour: env.DOLLARS_PER_AUDIO_HOUR,
      ...(env.WEBHOOKS === 'off' && { noWebhooks: NO_WEBHOOKS }),
      checkWebhook: (url) => checkWebhookUrl(url, reachBounds(env.WEBHOOK_REACH)),
      pageFolder: env.PAGE_FOLDER,
      realtimeUrl: env.REALTIME_URL,
      ...(env.REALTIME_URL === undefined && { noRealtime: NO_REALTIME }),
      uploadOrigin: env.UPLOAD_ORIGIN,
      // cdk/README.md
      timesRealTime: 60,
    },
  );
}
