import { setTimeout as wait } from 'node:timers/promises';
import { ApiJob } from '@murmuration/api/contract/api-job';
import { wavOf } from '../functions/bad-files.ts';
import { ownerOf } from './create-api-key.ts';
import { outputs, put, twin } from './kit.ts';

const [apiId] = new URL(outputs.apiUrl).host.split('.');

/** Where the twin serves the API. */
export const apiAddress = `${twin.endpoint}/restapis/${apiId}/live/_user_request_`;

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Calls the deployed API with a key; a body makes it a POST. */
export async function callApi(
  key: string,
  path: string,
  init: { readonly method?: string; readonly body?: unknown; readonly headers?: object } = {},
): Promise<ApiAnswer> {
  const { body } = init;
  const response = await fetch(`${apiAddress}${path}`, {
    method: init.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A job that was begun, once it has ended. `onLook` sees how it stands on the way. */
export async function endedJob(
  key: string,
  begun: ApiAnswer,
  onLook: (job: ApiJob) => void = () => {},
): Promise<ApiJob> {
  if (begun.status !== 202) throw new Error(`no job was begun: ${begun.status} ${begun.text}`);
  let job = ApiJob.parse(JSON.parse(begun.text));
  while (job.state === 'queued' || job.state === 'running') {
    await wait(200);
    job = ApiJob.parse(JSON.parse((await callApi(key, `/v1/jobs/${job.id}`)).text));
    onLook(job);
  }
  return job;
}

/** Seconds that a key's budget has left in this month. */
export async function budgetLeft(key: string): Promise<number> {
  const s3_key = `uploads/owners/${ownerOf(key)}/budget`;
  await put(s3_key, wavOf(new Float32Array(1600)));
  const asked = { s3_key, dry_run: true };
  return JSON.parse((await callApi(key, '/v1/jobs', { body: asked })).text).budget_left_seconds;
}
