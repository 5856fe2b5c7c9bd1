import { cut } from '@murmuration/media/cut';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import type { CutSegment } from '@murmuration/pipeline/hearing/cut-channels';
import { createEngine } from '@murmuration/whisper/engine';
import type { Rung } from '@murmuration/whisper/read-ladder';
import type { Clip } from './clips.ts';
import { measureVariants, type Variant, type VariantFigures } from './variants.ts';

export interface LadderOptions {
  readonly smallFolder: string;
  readonly largeFolder: string;
  readonly threads: number;
  readonly rounds: number;
  readonly voice: VoiceDetector;
}

/** From a limit that only faults pass to one that sends nearly all up. */
const LIMITS = [-1, -0.7, -0.5, -0.4, -0.3, -0.2];

/** The small model alone, the large one alone, and the small one with the large one above it, at several limits. */
export async function measureLadders(
  sets: ReadonlyMap<string, readonly Clip[]>,
  { smallFolder, largeFolder, threads, rounds, voice }: LadderOptions,
): Promise<Map<string, VariantFigures[]>> {
  const cutClip = async ({ pcm }: Clip) => {
    const segments: CutSegment[] = [];
    for await (const segment of cut([pcm], { voice })) segments.push(segment);
    return segments;
  };
  // Loaded once and kept: what loading costs a first segment is told apart
  const engineOf = (modelFolder: string, ladder: readonly Rung[] = []) =>
    createEngine({ modelFolder, threads, spinning: false, ladder, ladderIdleSeconds: 3600 });
  const variants: Variant[] = [
    { name: 'always the large', cut: cutClip, engine: await engineOf(largeFolder) },
    { name: 'always the small', cut: cutClip, engine: await engineOf(smallFolder) },
  ];
  for (const averageLogprobBelow of LIMITS) {
    const engine = await engineOf(smallFolder, [{ model: largeFolder, averageLogprobBelow }]);
    variants.push({ name: `small, large below ${averageLogprobBelow}`, cut: cutClip, engine });
  }
  const figures = new Map<string, VariantFigures[]>();
  for (const [name, clips] of sets) figures.set(name, await measureVariants(variants, clips, rounds));
  await Promise.all(variants.map(({ engine }) => engine.close()));
  return figures;
}
