import { z } from 'zod';

/** What the API's table holds of a job; how it stands is in the bucket. */
export const JobItem = z.object({
  id: z.string(),
  name: z.string(),
  model: z.string(),
  sourceKey: z.string(),
  /** Milliseconds of the epoch. */
  createdAt: z.number(),
  /** Where it was made of one, which is removed with it. */
  uploadId: z.string().optional(),
  /** The pipeline's name for it; known once its recording was fetched. */
  jobId: z.string().optional(),
  /** False where its beginning broke off, or is under way. */
  begun: z.boolean().default(true),
  /** Its beginning broke off, and who began it knows. */
  brokeOff: z.boolean().optional(),
});
export type JobItem = z.infer<typeof JobItem>;

export const jobPlace = (owner: string, id: string) => ({ pk: `owner#${owner}`, sk: `job#${id}` }) as const;

/** Its execution's name, and by which it holds what is booked: a request that comes again after its job was removed is another. */
export const executionOf = ({ id, createdAt }: Pick<JobItem, 'id' | 'createdAt'>): string =>
  `${id}-${createdAt}`;
