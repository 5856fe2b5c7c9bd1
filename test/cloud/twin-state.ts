import { z } from 'zod';

/** All that a story or a person needs to find a running twin. */
export const TwinState = z.strictObject({
  /** Of the process that holds it together. */
  pid: z.int().positive(),
  /** Address of what makes it misbehave, and ends it. */
  control: z.url(),
  /** Address of the local AWS. */
  endpoint: z.url(),
  /** Of the cache, as Upstash would give them. */
  cache: z.strictObject({ url: z.url(), token: z.string() }),
  /** Signs webhooks. */
  webhookSecret: z.string(),
  /** Of the kit: what cdk.json would hold. */
  settings: z.record(z.string(), z.string()),
  /** Where all logs and temporary files are. */
  folder: z.string(),
  /** What the stacks say of themselves. */
  outputs: z.strictObject({
    /** As AWS would serve it. */
    apiUrl: z.url(),
    apiTable: z.string(),
    removalMachine: z.string(),
    sweeper: z.string(),
    /** As AWS would serve it. */
    realtimeUrl: z.url(),
    bucket: z.string(),
    stateMachine: z.string(),
    splitter: z.string(),
    transcribeCpu: z.string(),
    aggregator: z.string(),
    dispatcher: z.string(),
    callback: z.string(),
    successTopic: z.string(),
  }),
});
export type TwinState = z.infer<typeof TwinState>;
