import { mediaDecoder } from '@murmuration/media/media-decoder';
import type { Pcm } from '@murmuration/pipeline/ports';
import { readReferences } from '../../functions/cli/eval/read-references.ts';
import { joinPcm } from './join-pcm.ts';

/** A recording in memory, with what is said in it; "" is noise. */
export interface Clip {
  readonly file: string;
  readonly text: string;
  readonly pcm: Pcm;
}

/** All recordings of a manifest whose text is known, decoded. */
export async function decodeClips(manifest: string): Promise<Clip[]> {
  const { references } = await readReferences(manifest);
  const decoder = mediaDecoder();
  const clips: Clip[] = [];
  for (const { file, path, text } of references) {
    const blocks: Pcm[] = [];
    for await (const block of (await decoder.decode(path)).blocks) blocks.push(block.slice());
    clips.push({ file, text, pcm: joinPcm(blocks) });
  }
  return clips;
}
