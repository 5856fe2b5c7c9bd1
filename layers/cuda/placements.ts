import type { OnnxRuntime } from './onnxruntime.ts';
import { readAddresses } from './read-addresses.ts';

/** Where a node of a graph runs. */
export interface Placement {
  /** "CUDAExecutionProvider" or the like. */
  readonly provider: string;
  readonly operator: string;
  readonly node: string;
}

/** What a graph is to be opened with. */
export const recordPlacements = { 'session.record_ep_graph_assignment_info': '1' } as const;

export function placements(runtime: OnnxRuntime, session: bigint): Placement[] {
  const list = (name: 'Session_GetEpGraphAssignmentInfo' | 'EpAssignedSubgraph_GetNodes', handle: bigint) => {
    const [values, count] = [new BigUint64Array(1), new BigUint64Array(1)];
    runtime.call(name, handle, values, count);
    return readAddresses(values[0]!, Number(count[0]));
  };
  return list('Session_GetEpGraphAssignmentInfo', session).flatMap((part) => {
    const provider = runtime.string(runtime.create('EpAssignedSubgraph_GetEpName', part));
    return list('EpAssignedSubgraph_GetNodes', part).map((node) => ({
      provider,
      operator: runtime.string(runtime.create('EpAssignedNode_GetOperatorType', node)),
      node: runtime.string(runtime.create('EpAssignedNode_GetName', node)),
    }));
  });
}
