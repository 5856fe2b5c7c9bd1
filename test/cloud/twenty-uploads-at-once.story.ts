import { expect, it } from 'vitest';
import { acceptedInferences, delivered, ended, put, uploadKey } from './kit.ts';
import { speech } from './speech.ts';

it('loses none of twenty uploads at once, and doubles none', async () => {
  const uploads = Array.from({ length: 20 }, (_, index) => uploadKey(`twenty/${index}.flac`));
  await Promise.all(uploads.map((key) => put(key, speech())));

  for (const key of uploads) {
    expect(await ended(key)).toMatchObject([{ status: 'SUCCEEDED' }]);
    const { status, transcript } = await delivered(key);
    expect(status).toMatchObject({ state: 'done', sourceKey: key, batches: 1, failedBatches: [] });
    expect(transcript.text).toMatch(/ask not what your country can do for you/i);
    expect(await acceptedInferences(status.jobId)).toHaveLength(1);
  }
});
