import { z } from 'zod';

/** Each keeps a function busy, of which a new account has 10. */
export const STREAMS_AT_ONCE = 4;

/** Whose jobs and uploads a key sees. */
export const Owner = z
  .string()
  .min(1)
  .regex(/^[^/]+$/, 'an owner is part of paths and must have no "/"');

/** What is known of a key; the key itself is not. One owner may have several, each with a budget of its own. */
export const ApiKey = z.strictObject({
  /** By it is counted what is used. While a key is rotated two have it: the former secret, and the one that takes its place. */
  id: z.string().min(1),
  /** sha256 of the key, in hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Whose jobs and uploads it sees. */
  owner: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** From then on it is refused. */
  expiresAt: z.iso.datetime().optional(),
  /** No limit where absent. */
  requestsPerMinute: z.int().positive().optional(),
  /** Seconds of audio in a calendar month (UTC); no limit where absent. */
  budgetSeconds: z.number().nonnegative().optional(),
  /** Live streams that it may have open. @default STREAMS_AT_ONCE */
  streamsAtOnce: z.int().positive().optional(),
});
export type ApiKey = z.infer<typeof ApiKey>;
