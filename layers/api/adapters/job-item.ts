import { z } from 'zod';

/** What the API's table holds of a job; how it stands is in the bucket. */
export const JobItem = z.object({
  id: z.string(),
  name: z.string(),
  model: z.string(),
  sourceKey: z.string(),
  /** Milliseconds of the epoch. */
  createdAt: z.number(),
  /** False where its beginning broke off, or is under way. */
  begun: z.boolean().default(true),
});
export type JobItem = z.infer<typeof JobItem>;

export const jobPlace = (owner: string, id: string) => ({ pk: `owner#${owner}`, sk: `job#${id}` }) as const;
