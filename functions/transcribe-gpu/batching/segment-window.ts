import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { contextOptions, planContext, windowOf } from '@murmuration/whisper/context';
import type { Manifest } from '@murmuration/whisper/manifest';

/** Names the window in which a segment is first computed: the engine makes one run for each that a batch holds. */
export type SegmentWindow = (samples: number, decoding: DecodingInput | undefined) => string;

/** That of a model. */
export function segmentWindow(manifest: Pick<Manifest, 'dimensions' | 'graph'>): SegmentWindow {
  const options = contextOptions(manifest);
  return (samples, decoding) =>
    windowOf(planContext(samples, decoding?.shortContext === false ? 'full' : 'short', options));
}
