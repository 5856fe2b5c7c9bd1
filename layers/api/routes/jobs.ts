import { createHash } from 'node:crypto';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { formats } from '@murmuration/pipeline/formats/formats';
import type { ApiApp } from '../api-app.ts';
import type { JobRequest } from '../api-ports.ts';
import type { ApiTools } from '../api-tools.ts';
import { parseInput } from '../bodies/parse-input.ts';
import { receiveJson } from '../bodies/receive-json.ts';
import { ApiJobSummary } from '../contract/api-job.ts';
import { JobInput, JobPage, TranscriptQuery } from '../contract/job-input.ts';
import { resourceId } from '../contract/resource-id.ts';
import { estimateJob } from '../estimate-job.ts';
import { jobRequestOf } from '../job-request-of.ts';

/** Recordings that nobody waits for. */
export function jobRoutes(app: ApiApp, tools: ApiTools): void {
  const { jobs, results, idempotency, clock, newId } = tools.ports;

  app.post('/v1/jobs', async (c) => {
    const key = c.get('key');
    const { value, text } = await receiveJson(c.req.raw, JobInput);
    if (value.webhook !== undefined && tools.settings.noWebhooks !== undefined) {
      throw new MurmurationError('invalid-argument', tools.settings.noWebhooks, {
        details: { param: 'webhook' },
      });
    }
    if (value.webhook !== undefined) tools.settings.checkWebhook?.(new URL(value.webhook.url));
    if (value.s3_key !== undefined && tools.settings.noBucket !== undefined) {
      throw new MurmurationError('invalid-argument', tools.settings.noBucket, {
        details: { param: 's3_key' },
      });
    }
    const id = resourceId('job', clock(), newId());
    const request = await jobRequestOf(value, { id, key }, tools.ports);
    if (value.dry_run) return c.json(await estimateJob(request, tools, c.req.raw.signal));
    const wanted = c.req.header('idempotency-key');
    const once = wanted === undefined ? request : await claim(wanted, text, request);
    // What came before is answered as it stands, whatever it has left of the budget
    const before = once === request ? undefined : await jobs.get(key.owner, once.id);
    if (before !== undefined) return c.json(before, 202);
    if (key.budgetSeconds !== undefined) {
      const found = await estimateJob(request, tools, c.req.raw.signal);
      if (isBeyond(found)) {
        throw new MurmurationError(
          'budget-spent',
          `the recording has ${found.heard_seconds} s of audio, and this key's budget has ${found.budget_left_seconds} s left in this month`,
        );
      }
    }
    return c.json(await jobs.create(once), 202);
  });

  async function claim(written: string, text: string, request: JobRequest): Promise<JobRequest> {
    if (!/^[\x21-\x7e]{1,255}$/.test(written)) {
      throw new MurmurationError(
        'invalid-argument',
        'the Idempotency-Key cannot be used: give 1 to 255 printable ASCII characters',
      );
    }
    const fingerprint = createHash('sha256').update(text).digest('hex');
    const claimed = await idempotency.claim(`${request.owner} ${written}`, fingerprint, request.id);
    if (claimed.kind === 'other') {
      throw new MurmurationError(
        'conflict',
        'another request came under this Idempotency-Key: use a new one for each job',
      );
    }
    return claimed.kind === 'same' ? { ...request, id: claimed.id } : request;
  }

  app.get('/v1/jobs', async (c) => {
    const page = await jobs.list(c.get('key').owner, parseInput(JobPage, c.req.query()));
    return c.json({
      object: 'list',
      data: page.jobs.map((job) => ApiJobSummary.parse(job)),
      has_more: page.nextCursor !== undefined,
      next_cursor: page.nextCursor ?? null,
    });
  });

  app.get('/v1/jobs/:id', async (c) => {
    const job = await jobs.get(c.get('key').owner, c.req.param('id'));
    if (job === undefined) throw unknown(c.req.param('id'));
    return c.json(job);
  });

  app.get('/v1/jobs/:id/transcript', async (c) => {
    const { format } = parseInput(TranscriptQuery, c.req.query());
    const { owner } = c.get('key');
    const job = await jobs.get(owner, c.req.param('id'));
    if (job === undefined) throw unknown(c.req.param('id'));
    const transcript = await results.read(owner, job.id);
    if (transcript === undefined) {
      throw new MurmurationError(
        'conflict',
        `the job is ${job.state} and has no transcript: ${job.error?.message ?? 'ask again when it is done'}`,
      );
    }
    const type = format.endsWith('json') ? 'application/json' : 'text/plain; charset=utf-8';
    return c.body(formats[format].write(transcript), 200, { 'content-type': type });
  });

  app.delete('/v1/jobs/:id', async (c) => {
    const id = c.req.param('id');
    if (!(await jobs.remove(c.get('key').owner, id))) throw unknown(id);
    return c.json({ id, object: 'transcription.job', deleted: true });
  });
}

function isBeyond({
  heard_seconds: needed,
  budget_left_seconds: left,
}: Awaited<ReturnType<typeof estimateJob>>) {
  return left !== null && (left <= 0 || (needed !== null && needed > left));
}

function unknown(id: string): MurmurationError {
  return new MurmurationError('not-found', `there is no job "${id.slice(0, 100)}": check its id`);
}
