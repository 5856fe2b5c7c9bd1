import type { Manifest } from './manifest.ts';

/**
 * By the alignment heads of OpenAI's models, whose lists are each model's own. Measured by `npm run bench -- times` on
 * espeak-ng's speech: the median of where words were found minus where they begin.
 */
const measured: Readonly<Record<string, number>> = {
  // tiny.en
  '1,0 2,0 2,5 3,0 3,1 3,2 3,3 3,4': 0.1,
};

/**
 * How late a model's alignment heads attend to a word that begins; 0 where it was not measured. openai/whisper and
 * faster-whisper leave it in.
 */
export function attentionDelaySeconds({ alignmentHeads }: Pick<Manifest, 'alignmentHeads'>): number {
  return measured[alignmentHeads.map((head) => head.join()).join(' ')] ?? 0;
}
