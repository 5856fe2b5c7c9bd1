import type { Transcribed, TranscribingOptions } from '@murmuration/api/api-ports';
import { transcribeForKey } from '@murmuration/api/transcribe-for-key';
import { expect, it } from 'vitest';

const key = { id: 'a', hash: '0'.repeat(64), owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' };
const request = { model: 'm', source: 'a.wav', name: 'a', decoding: {} };

it('books all channels that were heard, batch by batch', async () => {
  const booked: number[] = [];
  const transcriber = {
    models: ['m'],
    probe: () => Promise.reject(new Error('nobody asks')),
    async transcribe(_: unknown, { onProgress }: TranscribingOptions = {}) {
      const progress = { totalSeconds: undefined, segments: [] };
      onProgress?.({ ...progress, doneSeconds: 10, heardSeconds: 20 });
      onProgress?.({ ...progress, doneSeconds: 15, heardSeconds: 30 });
      return { transcript: {}, findings: [] } as unknown as Transcribed;
    },
  };
  const ledger = {
    admit: async () => undefined,
    spent: async () => 0,
    settle: async () => undefined,
    async spend(_: unknown, seconds: number) {
      booked.push(seconds);
      return true;
    },
  };
  await transcribeForKey(key, request, { transcriber, ledger });
  // The first asks whether anything is left
  expect(booked).toEqual([0, 20, 10]);
});
