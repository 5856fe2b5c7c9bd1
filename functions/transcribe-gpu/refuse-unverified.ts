import { MurmurationError } from '@murmuration/pipeline/errors';
import { readManifest } from '@murmuration/whisper/load-model';
import { readLadder } from '@murmuration/whisper/read-ladder';

/**
 * Throws `invalid-argument` where `verify` has not found that a model, or one of its ladder, computes what its weights say: a
 * stack sees only the models of its own machine, never what lies in an image or under `MODEL_PREFIX`. Throws what reading
 * them throws.
 */
export async function refuseUnverified(modelFolder: string): Promise<void> {
  const first = await readManifest(modelFolder);
  const ladder = await readLadder(first.ladder ?? [], first, modelFolder);
  for (const { id, graph, verified } of [first, ...ladder.map(({ manifest }) => manifest)]) {
    if (verified !== null) continue;
    const where = graph.target === 'cuda' ? ' on a machine with a GPU' : '';
    throw new MurmurationError(
      'invalid-argument',
      `model ${id} is not verified: run "npm run model -- verify ${id}"${where} (models/README.md) and deploy it with the manifest that this writes, or set UNVERIFIED_MODELS=allow`,
      { details: { model: id } },
    );
  }
}
