import type { BatchResult } from '../contract/batch-result.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** US dollars for the time that the lanes' devices worked; what several requests shared is shared among them. */
export function estimateCost(
  results: readonly BatchResult[],
  prices: NonNullable<PipelinePorts['prices']>,
): number {
  return results.reduce((sum, { lane, engineSeconds }) => sum + engineSeconds * prices[lane], 0);
}
