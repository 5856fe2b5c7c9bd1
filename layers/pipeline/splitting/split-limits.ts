import type { SplitLimits } from '../pipeline-ports.ts';

/**
 * A Lambda has 15 minutes. Measured on a 2-core Xeon: decoding, listening and cutting in one pass 297 to 520 times as fast
 * as the recording plays, decoding alone over 900. A Lambda is taken for a third of that: 100 and 300. So 2 h are cut in
 * 72 s, and what comes after them is decoded at 300: a recording of 10 h takes 72 s + 8 h / 300 = 168 s, and the 15 minutes
 * are enough for 2 h + 828 s × 300 = 71 h. Of channels that are heard apart, the 2 h are all of them together. The rest is cut by others at the same time, 2 h in 72 s each.
 */
export const SPLIT_LIMITS: SplitLimits = { inlineSeconds: 2 * 3600, windowSeconds: 2 * 3600 };
