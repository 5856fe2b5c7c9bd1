import type { BatchResult } from '../contract/batch-result.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** US dollars for the time that the lanes' engines worked. */
export function estimateCost(
  results: readonly BatchResult[],
  prices: NonNullable<PipelinePorts['prices']>,
): number {
  return results.reduce((sum, { lane, engineSeconds }) => sum + engineSeconds * prices[lane], 0);
}
