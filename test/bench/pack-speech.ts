import { cut } from '@murmuration/media/cut';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import type { CutSegment } from '@murmuration/pipeline/hearing/cut-channels';
import type { Pcm } from '@murmuration/pipeline/ports';
import { joinPcm } from './join-pcm.ts';

/**
 * "VAD packing", as other engines do it: what the detector takes for silence is thrown away, and speech stands side by side in
 * segments of up to 28 s. For comparison: the kit keeps all audio, and times would have to be mapped back.
 */
export async function packSpeech(pcm: Pcm, voice: VoiceDetector): Promise<CutSegment[]> {
  const spoken: Pcm[] = [];
  let from = 0;
  for await (const { startSample, speech = [] } of cut([pcm], { voice })) {
    for (const span of speech) {
      // Neighbours that overlap heard some of it both
      const start = Math.max(from, startSample + span.startSample);
      const end = startSample + span.endSample;
      if (start < end) spoken.push(pcm.subarray(start, end));
      from = Math.max(from, end);
    }
  }
  const segments: CutSegment[] = [];
  for await (const segment of cut([joinPcm(spoken)])) segments.push(segment);
  return segments;
}
