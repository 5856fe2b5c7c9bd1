import { cut } from '@murmuration/media/cut';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import type { CutSegment } from '@murmuration/pipeline/hearing/cut-channels';
import { type ContextPlan, planContext } from '@murmuration/whisper/context';
import { createEngine } from '@murmuration/whisper/engine';
import { loadModel } from '@murmuration/whisper/load-model';
import { openSession, type SessionOptions } from '@murmuration/whisper/session';
import type { Clip } from './clips.ts';
import { packSpeech } from './pack-speech.ts';
import { measureVariants, type Variant, type VariantFigures } from './variants.ts';

export interface ContextOptions {
  readonly modelFolder: string;
  readonly session: SessionOptions;
  readonly batchSize?: number | undefined;
  readonly rounds: number;
  readonly voice: VoiceDetector;
}

/** Encoder positions in a second. */
const PER_SECOND = 50;

/** A CUDA graph's rows must have one length: 2.5 s steps are few enough shapes. */
const CUDA_STEP = 2.5 * PER_SECOND;

/** The clip and one second after it, but never less than `floorSeconds`. */
function withFloor(floorSeconds: number, step: number): typeof planContext {
  return (samples, kind, options) => {
    const full = planContext(samples, 'full', options);
    const kept = Math.max(full.audioPositions + PER_SECOND, floorSeconds * PER_SECOND);
    const positions = Math.ceil(kept / step) * step;
    if (kind === 'full' || positions >= full.positions) return full;
    return { ...full, kind: 'short', keptPositions: positions, positions } satisfies ContextPlan;
  };
}

/** Encoder contexts on segments as the kit cuts them, then ways to cut with the kit's context; all in one run. */
export async function measureContexts(
  sets: ReadonlyMap<string, readonly Clip[]>,
  { modelFolder, session: sessionOptions, batchSize, rounds, voice }: ContextOptions,
): Promise<Map<string, VariantFigures[]>> {
  const model = await loadModel(modelFolder);
  const isCuda = model.manifest.graph.target === 'cuda';
  const session = await openSession(model, sessionOptions);
  // One graph for all, which closes at the end
  const shared = async () => ({ ...session, close: async () => undefined });
  const engineOf = (plan: typeof planContext) =>
    createEngine({ modelFolder, batchSize, ladder: [] }, { openSession: shared, planContext: plan });
  const withVoice = async ({ pcm }: Clip) => collect(cut([pcm], { voice }));
  const own = await engineOf(planContext);
  const floor = async (seconds: number): Promise<Variant> => ({
    name: `clip + 1 s, at least ${seconds} s`,
    cut: withVoice,
    engine: await engineOf(withFloor(seconds, isCuda ? CUDA_STEP : 1)),
  });
  const variants: Variant[] = [
    { name: 'full 30 s', cut: withVoice, engine: own, decoding: { shortContext: false } },
    await floor(20),
    await floor(15),
    await floor(5),
    { name: isCuda ? '15 s or 30 s (the kit)' : 'merged silence (the kit)', cut: withVoice, engine: own },
    { name: '… no VAD: cut where it is quiet', cut: async ({ pcm }) => collect(cut([pcm])), engine: own },
    {
      name: '… VAD cut, second looks, guards: the kit as a whole',
      cut: withVoice,
      engine: own,
      isWhole: true,
    },
    { name: '… VAD packing: silence thrown away', cut: ({ pcm }) => packSpeech(pcm, voice), engine: own },
  ];
  const figures = new Map<string, VariantFigures[]>();
  for (const [name, clips] of sets) figures.set(name, await measureVariants(variants, clips, rounds));
  await session.close();
  return figures;
}

async function collect(segments: AsyncIterable<CutSegment>): Promise<CutSegment[]> {
  const all: CutSegment[] = [];
  for await (const segment of segments) all.push(segment);
  return all;
}
