import { randomUUID } from 'node:crypto';
import type {
  Idempotency,
  JobRequest,
  Jobs,
  KeyRing,
  Ledger,
  Upload,
  Uploads,
} from '@murmuration/api/api-ports';
import type { ApiKey } from '@murmuration/api/contract/api-key';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { Clock, MediaSource } from '@murmuration/pipeline/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** All ports of the API that keep something, over one store, with hands to play the world around them. */
export interface ApiAdapters {
  readonly ledger: Ledger;
  readonly idempotency: Idempotency;
  readonly uploads: Uploads;
  readonly jobs: Jobs;
  readonly keyRing: KeyRing;
  addKey(key: ApiKey): Promise<void>;
  revokeKey(key: ApiKey): Promise<void>;
  /** Sends the bytes to where the upload says; answers etags. */
  send(owner: string, upload: Upload, bytes: Buffer): Promise<string[]>;
  read(source: MediaSource): Promise<Buffer>;
  /** The work on a job of 10 s comes so far, and goes on, fails or is done. */
  hear(request: JobRequest, seconds: number, end?: 'done' | 'failed'): Promise<void>;
  close(): Promise<void>;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** What every set of adapters does: in folders of this machine, and on AWS. */
export function apiAdaptersContract(open: (clock: Clock) => Promise<ApiAdapters>): void {
  let now: number;
  let adapters: ApiAdapters;
  let key: ApiKey;
  beforeEach(async () => {
    // In the middle of a month and of a minute
    now = Date.UTC(2031, 4, 15, 12, 0, 20);
    adapters = await open(() => now);
    key = keyOf();
  });
  afterEach(() => adapters.close());

  const keyOf = (limits: Partial<ApiKey> = {}): ApiKey => ({
    id: `key_${randomUUID()}`,
    hash: randomUUID().replaceAll('-', '').repeat(2),
    owner: `owner-${randomUUID()}`,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...limits,
  });
  const jobOf = (of: ApiKey = key): JobRequest => ({
    id: resourceId('job', now, randomUUID()),
    owner: of.owner,
    key: of,
    name: 'talk.mp3',
    model: 'm',
    source: { kind: 'url', url: 'https://media.example/talk.mp3' },
    options: JobOptions.parse({}),
  });

  describe('the key ring', () => {
    it('finds a key by its hash, with its limits, until it is revoked', async () => {
      const limited = keyOf({
        expiresAt: '2032-01-01T00:00:00.000Z',
        requestsPerMinute: 60,
        budgetSeconds: 1.5,
      });
      await adapters.addKey(limited);
      await adapters.addKey(key);
      expect(await adapters.keyRing.find(limited.hash)).toEqual(limited);
      expect(await adapters.keyRing.find(key.hash)).toEqual(key);
      expect(await adapters.keyRing.find(keyOf().hash)).toBeUndefined();
      await adapters.revokeKey(limited);
      expect(await adapters.keyRing.find(limited.hash)).toBeUndefined();
    });

    it('has two secrets of a key while it is rotated, which use up one budget and one rate', async () => {
      const former = keyOf({ budgetSeconds: 10, requestsPerMinute: 1 });
      const next = { ...former, hash: keyOf().hash };
      await adapters.addKey(former);
      await adapters.addKey(next);
      const found = await Promise.all([former, next].map(({ hash }) => adapters.keyRing.find(hash)));
      expect(found).toEqual([former, next]);
      expect(await adapters.ledger.spend(former, 8)).toBe(true);
      expect(await adapters.ledger.spend(next, 8)).toBe(false);
      expect(await adapters.ledger.admit(former)).toBeUndefined();
      expect(await adapters.ledger.admit(next)).toBeGreaterThan(0);
      await adapters.revokeKey(former);
      expect(await adapters.keyRing.find(former.hash)).toBeUndefined();
      expect(await adapters.keyRing.find(next.hash)).toEqual(next);
    });
  });

  describe('the ledger', () => {
    it('lets a rate through, however many ask at once, and again after the time that it said', async () => {
      const { ledger } = adapters;
      const quick = keyOf({ requestsPerMinute: 5 });
      const waits = await Promise.all(Array.from({ length: 20 }, () => ledger.admit(quick)));
      expect(waits.filter((wait) => wait === undefined)).toHaveLength(5);
      const [wait] = waits.filter((wait) => wait !== undefined);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60);
      now += wait! * SECOND;
      expect(await ledger.admit(quick)).toBeUndefined();
      expect(await ledger.admit(key)).toBeUndefined();
    });

    it('never books more than the budget, however many ask at once', async () => {
      const { ledger } = adapters;
      const poor = keyOf({ budgetSeconds: 10 });
      const booked = await Promise.all(Array.from({ length: 20 }, () => ledger.spend(poor, 3)));
      expect(booked.filter((isBooked) => isBooked)).toHaveLength(3);
      expect(await ledger.spent(poor)).toBe(9);
      expect(await ledger.spend(poor, 11)).toBe(false);
      expect(await ledger.spend(poor, 1)).toBe(true);
      expect(await ledger.spent(poor)).toBe(10);
    });

    it('says by 0 whether anything is left, and books nothing', async () => {
      const { ledger } = adapters;
      const poor = keyOf({ budgetSeconds: 2 });
      expect(await ledger.spend(poor, 0)).toBe(true);
      expect(await ledger.spent(poor)).toBe(0);
      await ledger.spend(poor, 2);
      expect(await ledger.spend(poor, 0)).toBe(false);
      expect(await ledger.spend(keyOf({ budgetSeconds: 0 }), 0)).toBe(false);
      expect(await ledger.spend(key, 0)).toBe(true);
    });

    it('begins anew with the month, also for who asks in another process', async () => {
      const poor = keyOf({ budgetSeconds: 10 });
      expect(await adapters.ledger.spend(poor, 8)).toBe(true);
      const again = await open(() => now);
      try {
        expect(await again.ledger.spend(poor, 8)).toBe(false);
        now = Date.UTC(2031, 5, 1);
        expect(await again.ledger.spend(poor, 8)).toBe(true);
        expect(await again.ledger.spent(poor)).toBe(8);
      } finally {
        await again.close();
      }
    });

    it('books for a job so many in all, however often it is told', async () => {
      const { ledger } = adapters;
      const poor = keyOf({ budgetSeconds: 10 });
      const { id } = jobOf(poor);
      // One alone would fit
      const booked = await Promise.all([6, 6, 6, 6, 6].map((seconds) => ledger.spend(poor, seconds, id)));
      expect(booked).toEqual([true, true, true, true, true]);
      expect(await ledger.spent(poor)).toBe(6);
      expect(await ledger.spend(poor, 2, id)).toBe(true);
      expect(await ledger.spend(poor, 9.5, id)).toBe(true);
      expect(await ledger.spent(poor)).toBe(9.5);
      expect(await ledger.spend(poor, 11, id)).toBe(false);
      expect(await ledger.spent(poor)).toBe(9.5);
      expect(await ledger.spend(poor, 10, id)).toBe(true);
      expect(await ledger.spend(poor, 0)).toBe(false);
      // It was begun before, as by a server that was started again
      expect(await ledger.spend(poor, 0, id)).toBe(true);
      await ledger.settle(id, 10);
      expect(await ledger.spend(poor, 0, id)).toBe(false);
    });

    it('returns what a job held and did not use, once, however many say so', async () => {
      const { ledger } = adapters;
      const poor = keyOf({ budgetSeconds: 30 });
      const [one, other] = [jobOf(poor).id, jobOf(poor).id];
      await Promise.all([ledger.spend(poor, 10, one), ledger.spend(poor, 7, other), ledger.spend(poor, 1)]);
      expect(await ledger.spent(poor)).toBe(18);
      await Promise.all([ledger.settle(one, 4), ledger.settle(one, 4), ledger.settle(one, 4)]);
      expect(await ledger.spent(poor)).toBe(12);
      await ledger.settle(one, 0);
      await ledger.settle(other);
      await ledger.settle(other, 0);
      await ledger.settle(jobOf(poor).id, 0);
      expect(await ledger.spent(poor)).toBe(12);
    });

    it('books what was used beyond what was booked, beyond the budget too, and then refuses', async () => {
      const { ledger } = adapters;
      const poor = keyOf({ budgetSeconds: 20 });
      const { id } = jobOf(poor);
      await ledger.spend(poor, 1, id);
      await Promise.all([ledger.settle(id, 3600), ledger.settle(id, 3600)]);
      expect(await ledger.spent(poor)).toBe(3600);
      expect(await ledger.spend(poor, 0)).toBe(false);
      expect(await ledger.spend(poor, 1, jobOf(poor).id)).toBe(false);
      const whole = jobOf().id;
      await ledger.spend(key, 5, whole);
      await ledger.settle(whole);
      expect(await ledger.spent(key)).toBe(5);
    });

    it('returns to the month that it was booked in', async () => {
      const { ledger } = adapters;
      const { id } = jobOf();
      now = Date.UTC(2031, 4, 31, 23, 59);
      await ledger.spend(key, 10, id);
      now += 5 * 60 * SECOND;
      await ledger.spend(key, 3);
      await ledger.settle(id, 0);
      expect(await ledger.spent(key)).toBe(3);
      now -= 5 * 60 * SECOND;
      expect(await ledger.spent(key)).toBe(0);
    });
  });

  describe('idempotency', () => {
    it('gives one id to equal requests at once, and none to another', async () => {
      const { idempotency } = adapters;
      const name = `${key.owner} é ${'x'.repeat(300)}`;
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const claims = await Promise.all(ids.map((id) => idempotency.claim(name, 'print', id)));
      const first = claims.findIndex(({ kind }) => kind === 'new');
      expect(claims.filter(({ kind }) => kind === 'new')).toHaveLength(1);
      expect(claims.filter((claim) => claim.kind === 'same' && claim.id === ids[first])).toHaveLength(4);
      expect(await idempotency.claim(name, 'another print', 'f')).toEqual({ kind: 'other' });
      expect(await idempotency.claim(`${name}.`, 'print', 'g')).toEqual({ kind: 'new' });
    });

    it('remembers for a day, and not for ever', async () => {
      // Files know the time of day
      now = Date.now();
      const { idempotency } = adapters;
      expect(await idempotency.claim(key.owner, 'print', 'a')).toEqual({ kind: 'new' });
      now += 23 * HOUR;
      expect(await idempotency.claim(key.owner, 'print', 'b')).toEqual({ kind: 'same', id: 'a' });
      now += 4 * DAY;
      expect(await idempotency.claim(key.owner, 'another print', 'c')).toEqual({ kind: 'new' });
    });
  });

  describe('an upload', () => {
    const bytes = Buffer.from('RIFF and so on');
    const created = () => {
      const id = resourceId('upload', now, randomUUID());
      return adapters.uploads.create({ id, owner: key.owner, name: 'a ü.mp3', sizeBytes: bytes.length });
    };

    it('is what was sent, once it is complete, and completing it twice does no harm', async () => {
      const { uploads, send, read } = adapters;
      const upload = await created();
      const { id, parts } = upload;
      expect(parts[0]!.startByte).toBe(0);
      expect(parts.at(-1)!.endByte).toBe(bytes.length);
      const etags = await send(key.owner, upload, bytes);
      await uploads.complete(key.owner, id, etags);
      await uploads.complete(key.owner, id, etags);
      const { source, name } = await uploads.open(key.owner, id);
      expect(name).toBe('a ü.mp3');
      expect(await read(source)).toEqual(bytes);
    });

    it("is nobody's but its owner's", async () => {
      const { uploads, send } = adapters;
      const upload = await created();
      const etags = await send(key.owner, upload, bytes);
      const refused = { code: 'not-found', details: { param: 'upload_id' } };
      await expect(uploads.complete('another', upload.id, etags)).rejects.toMatchObject(refused);
      await uploads.complete(key.owner, upload.id, etags);
      await expect(uploads.open('another', upload.id)).rejects.toMatchObject(refused);
      await expect(uploads.open(key.owner, `${upload.id.slice(0, -1)}_`)).rejects.toMatchObject(refused);
    });

    it('is not to be read before all of it was sent', async () => {
      const { uploads } = adapters;
      const { id } = await created();
      const refused = { code: 'invalid-argument', details: { param: 'upload_id' } };
      await expect(uploads.open(key.owner, id)).rejects.toMatchObject(refused);
      await expect(uploads.complete(key.owner, id, [])).rejects.toMatchObject(refused);
    });

    it('is forgotten in time', async () => {
      const { uploads, send } = adapters;
      const upload = await created();
      await uploads.complete(key.owner, upload.id, await send(key.owner, upload, bytes));
      now += 8 * DAY;
      await expect(uploads.open(key.owner, upload.id)).rejects.toMatchObject({ code: 'not-found' });
    });
  });

  describe('a job', () => {
    it("is begun once, and nobody's but its owner's", async () => {
      const { jobs } = adapters;
      const request = jobOf();
      const begun = await jobs.create(request);
      expect(begun).toMatchObject({ id: request.id, name: 'talk.mp3', model: 'm', error: null });
      expect((await jobs.create(request)).id).toBe(request.id);
      expect((await jobs.get(key.owner, request.id))?.id).toBe(request.id);
      expect(await jobs.get('another', request.id)).toBeUndefined();
      expect(await jobs.remove('another', request.id)).toBe(false);
      expect((await jobs.list(key.owner, { limit: 10 })).jobs).toHaveLength(1);
      expect((await jobs.list('another', { limit: 10 })).jobs).toEqual([]);
    });

    it('is listed newest first, page by page, each once', async () => {
      const { jobs } = adapters;
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) {
        now += SECOND;
        const request = jobOf();
        ids.unshift(request.id);
        await jobs.create(request);
      }
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await jobs.list(key.owner, { cursor, limit: 2 });
        expect(page.jobs.length).toBeGreaterThan(0);
        seen.push(...page.jobs.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(ids);
      expect((await jobs.list(key.owner, { limit: 5 })).nextCursor).toBeUndefined();
    });

    it('pays for what it has, told twice or once', async () => {
      const { jobs, ledger, hear } = adapters;
      const request = jobOf(keyOf({ budgetSeconds: 15 }));
      await Promise.all([jobs.create(request), jobs.create(request)]);
      await hear(request, 10, 'done');
      expect((await jobs.get(request.owner, request.id))?.state).toBe('done');
      expect(await ledger.spent(request.key)).toBe(10);
      expect(await jobs.remove(request.owner, request.id)).toBe(true);
      expect(await ledger.spent(request.key)).toBe(10);
    });

    it('that fails gets back what it held', async () => {
      const { jobs, ledger, hear } = adapters;
      const request = jobOf();
      await jobs.create(request);
      await hear(request, 4, 'failed');
      expect((await jobs.get(key.owner, request.id))?.state).toBe('failed');
      expect(await ledger.spent(key)).toBe(0);
      expect((await jobs.get(key.owner, request.id))?.error?.code).toBe('media-unreadable');
      expect(await jobs.remove(key.owner, request.id)).toBe(true);
      expect(await ledger.spent(key)).toBe(0);
    });

    it('that is removed on its way pays for what was heard, and is gone', async () => {
      const { jobs, ledger, hear } = adapters;
      const request = jobOf();
      await jobs.create(request);
      await hear(request, 4);
      expect(await jobs.remove(key.owner, request.id)).toBe(true);
      expect(await ledger.spent(key)).toBe(4);
      expect(await jobs.get(key.owner, request.id)).toBeUndefined();
      expect(await jobs.remove(key.owner, request.id)).toBe(false);
      expect(await ledger.spent(key)).toBe(4);
    });

    it('that is removed before anything of it was heard pays nothing', async () => {
      const { jobs, ledger } = adapters;
      const request = jobOf();
      await jobs.create(request);
      expect(await jobs.remove(key.owner, request.id)).toBe(true);
      expect(await ledger.spent(key)).toBe(0);
    });
  });
}
