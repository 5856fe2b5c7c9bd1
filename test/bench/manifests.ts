import { basename } from 'node:path';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { findModel } from '@murmuration/whisper/model-registry';
import { type Clip, decodeClips } from './clips.ts';
import { measureContexts } from './context.ts';
import { measureLadders } from './ladder.ts';
import { reportVariants } from './report-variants.ts';

export interface ManifestOptions {
  readonly name: string;
  readonly threads: number;
  readonly rounds: number;
  /** Of `ladder`: the small one, then the large one. */
  readonly models: readonly string[];
  readonly batchSize?: string | undefined;
}

/** Variants over the recordings of manifests, each a set with figures of its own. */
export async function measureManifests(
  subject: 'context' | 'ladder',
  manifests: readonly string[],
  { name, threads, rounds, models, batchSize }: ManifestOptions,
): Promise<void> {
  const [small = '', large] = models;
  const sets = new Map<string, Clip[]>();
  for (const manifest of manifests) sets.set(basename(manifest, '.jsonl'), await decodeClips(manifest));
  const voice = await createVoiceDetector();
  if (subject === 'context') {
    const figures = await measureContexts(sets, {
      modelFolder: await findModel(small),
      // Threads that wait burn no time, which would count as work
      session: { threads, spinning: false },
      batchSize: batchSize === undefined ? undefined : Number(batchSize),
      rounds,
      voice,
    });
    reportVariants(name, figures, { model: small, threads, rounds });
  } else {
    if (large === undefined) throw new Error('ladder takes two models: --models SMALL,LARGE');
    const folders = { smallFolder: await findModel(small), largeFolder: await findModel(large) };
    const figures = await measureLadders(sets, { ...folders, threads, rounds, voice });
    reportVariants(name, figures, { model: models.join(', '), threads, rounds });
  }
  await voice.close();
}
