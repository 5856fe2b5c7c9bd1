import { apiObjectKey, apiUploadKey, jobOfObjectKey } from '@murmuration/api/adapters/api-object-key';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { expect, it } from 'vitest';

const uuid = '00000000-0000-4000-8000-000000000000';
const id = resourceId('job', 1, uuid);

it('tells the job that a recording of the API is of', () => {
  expect(jobOfObjectKey(apiObjectKey('ann', id))).toBe(id);
});

it.each([
  apiUploadKey('ann', resourceId('upload', 1, uuid)),
  apiUploadKey('ann', id),
  `uploads/talks/0000/${id}`,
  `uploads/api/${id}`,
  `uploads/api/0000/${id}/more`,
  `uploads/api/0000/${id}.mp3`,
  'uploads/talk.mp3',
  '',
])('tells none of %j', (key) => expect(jobOfObjectKey(key)).toBeUndefined());
