import type { DynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { s3Uploads } from '@murmuration/api/adapters/s3-uploads';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { afterEach, expect, it, vi } from 'vitest';
import { startFakeS3 } from '../contract/fake-s3.ts';

const table = { putNew: async () => true } as Partial<DynamoTable> as DynamoTable;

afterEach(() => vi.unstubAllEnvs());

it('signs addresses that take a part of its own size, with whatever content', async () => {
  const s3 = await startFakeS3();
  const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  for (const [name, value] of Object.entries({ ...environment, AWS_ENDPOINT_URL_S3: s3.url }))
    vi.stubEnv(name, value);
  try {
    const store = s3ObjectStore({ bucket: 'kit' });
    const uploads = s3Uploads({ bucket: 'kit', table, store, clock: Date.now });
    const request = { id: 'upload_1', owner: 'ann', name: 'talk', sizeBytes: (64 << 20) + 5 };
    const { parts } = await uploads.create(request);
    const signed = parts.map(({ url }) => new URL(url).searchParams);
    expect(signed.map((query) => query.get('X-Amz-SignedHeaders'))).toEqual(
      Array(2).fill('content-length;host'),
    );
    for (const query of signed) expect([...query.keys()].join()).not.toMatch(/checksum/i);
  } finally {
    await s3.close();
  }
});
