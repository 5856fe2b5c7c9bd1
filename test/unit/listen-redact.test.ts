import type { ApiPorts, Transcribed } from '@murmuration/api/api-ports';
import { createApi } from '@murmuration/api/create-api';
import { describe, expect, it } from 'vitest';
import { spoken, wordsOf } from './factories/transcript.ts';

const settings = {
  version: '1',
  mostBodyBytes: 1e6,
  mostUploadBytes: 1e6,
  mostAtOnce: 4,
  dollarsPerAudioHour: 0,
  timesRealTime: 1,
};

/** Posts a recording in which a card number and an address are said; answers what came back and what the engine was told. */
async function listen(query: string) {
  let isConfidential: boolean | undefined;
  const transcriber = {
    models: ['m'],
    async transcribe({ confidential }: { confidential?: boolean | undefined }) {
      isConfidential = confidential;
      const transcript = spoken(wordsOf('Bill 4111 1111 1111 1111 to ann@example.com'));
      return {
        transcript,
        media: { channels: 1 },
        warnings: [],
        findings: [],
        cached: 0,
      } as unknown as Transcribed;
    },
  };
  const ledger = { admit: async () => undefined, spend: async () => true };
  const ports = { transcriber, ledger, clock: () => 0, newId: () => 'id', onError: () => undefined };
  const app = createApi(ports as unknown as ApiPorts, settings);
  const answered = await app.request(`http://localhost/v1/listen?utterances=true${query}`, {
    method: 'POST',
    body: 'sound',
  });
  return { status: answered.status, text: await answered.text(), isConfidential };
}

describe("Deepgram's redact", () => {
  it('leaves what is private in no text, word or utterance, and in no cache', async () => {
    for (const query of [
      '&redact=credit_card&redact=email_address',
      '&redact=credit_card,email_address',
      '&redact=card&redact=email',
    ]) {
      const { status, text, isConfidential } = await listen(query);
      expect(status).toBe(200);
      expect(text).toContain('Bill [card] to [email]');
      expect(text).not.toMatch(/1111|ann@|example/);
      expect(isConfidential).toBe(true);
    }
  });

  it('is off where it is false, or absent', async () => {
    for (const query of ['', '&redact=false']) {
      const { text, isConfidential } = await listen(query);
      expect(text).toContain('4111 1111 1111 1111 to ann@example.com');
      expect(isConfidential).toBe(false);
    }
  });

  it('promises nothing that is not found here', async () => {
    for (const kind of ['pii', 'pci', 'numbers', 'true', '', 'email_address,name', 'toString']) {
      const { status, text } = await listen(`&redact=${kind}`);
      expect(status).toBe(400);
      expect(text).toMatch(/redact.*give email_address, phone_number, credit_card or ssn/);
    }
  });
});
