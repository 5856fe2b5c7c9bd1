import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Reference } from '@murmuration/pipeline/evaluation/reference';
import { readManifest } from '@murmuration/whisper/load-model';

/** Of what a model was trained or calibrated on: a line of the first digits of a sha256, and a name, for each clip. */
const LIST = 'trained-on.txt';
const ROW = /^([0-9a-f]{16}) (.+)$/;

/**
 * A model is never scored on what it has learnt from, as `models/evaluate.py` has it: by the hash of the file, or by its name.
 * Throws `invalid-argument`, also where the list that a trained model must have is missing or broken.
 */
export async function refuseLearnt(references: readonly Reference[], modelFolder: string): Promise<void> {
  const { id, files, recipe } = await readManifest(modelFolder);
  if (files[LIST] === undefined) {
    if (recipe?.trainedOn === undefined) return;
    throw refusal(`${id} was trained, and has no ${LIST} that says on what: make it again`);
  }
  const { hashes, names } = await readList(modelFolder, id, files[LIST].sha256);
  for (const { file, path } of references) {
    if (names.has(basename(file))) {
      throw refusal(
        `${id} has learnt from a file called "${basename(file)}": evaluate it on others, or rename it`,
      );
    }
    if (hashes.has((await hash(path)).slice(0, 16))) {
      throw refusal(`${id} has learnt from "${file}": evaluate it on other recordings`);
    }
  }
}

async function readList(folder: string, id: string, sha256: string) {
  const text = await readFile(join(folder, LIST), 'utf8').catch(() => '');
  const rows = text
    .split('\n')
    .slice(0, -1)
    .map((line) => ROW.exec(line));
  if (createHash('sha256').update(text).digest('hex') !== sha256 || rows.includes(null)) {
    throw refusal(`${LIST} of ${id} is not the one that its manifest describes: build the model again`);
  }
  return { hashes: new Set(rows.map((row) => row![1]!)), names: new Set(rows.map((row) => row![2]!)) };
}

/** Of what cannot be read there is none: reading it again says why. */
async function hash(path: string): Promise<string> {
  const digest = createHash('sha256');
  return pipeline(createReadStream(path), digest).then(
    () => digest.digest('hex'),
    () => '',
  );
}

function refusal(message: string): MurmurationError {
  return new MurmurationError('invalid-argument', message);
}
