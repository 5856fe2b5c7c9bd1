import type { RangeSource } from '@murmuration/pipeline/ports';
import { type Mp4Box, mp4Boxes, mp4BoxesAt } from './mp4-boxes.ts';
import { windowedBytes } from './windowed-bytes.ts';

type Bytes = Pick<RangeSource, 'sizeBytes' | 'read'>;

/** A description of one track's sound is shorter. */
const LARGEST_ENTRY_BYTES = 16 * 1024;
const ASF_HEADER_BYTES = 64 * 1024;
/** The objects "content encryption" and "extended content encryption" of ASF. */
const ASF_ENCRYPTION = ['fbb31122 23bdd211 b4b700a0 c955fc6e', '14e68a29 2226174c b935dae0 7ee9289c'];

const schemeNames: Readonly<Record<string, string>> = {
  cenc: 'Common Encryption, cenc',
  cens: 'Common Encryption, cens',
  cbc1: 'Common Encryption, cbc1',
  cbcs: 'Common Encryption, cbcs',
  itun: 'FairPlay',
  adrm: 'Audible',
};

/**
 * What keeps a recording's sound from being read without a key (DRM), in words; undefined where nothing does. FFmpeg
 * does not say: it decodes what is encrypted as if it were sound.
 * @param container FFmpeg's name, such as `mov,mp4,m4a,3gp,3g2,mj2`
 */
export async function findEncryption(bytes: Bytes, container: string): Promise<string | undefined> {
  const names = container.split(',');
  if (names.includes('mov')) return ofMp4(windowedBytes(bytes));
  if (names.includes('asf')) return ofAsf(bytes);
  return undefined;
}

async function ofMp4(bytes: Bytes): Promise<string | undefined> {
  for await (const box of mp4Boxes(bytes, 0, bytes.sizeBytes)) {
    // There is one, and behind it may lie thousands of fragments
    if (box.type === 'moov') return ofIndex(bytes, box);
  }
  return undefined;
}

async function ofIndex(bytes: Bytes, index: Mp4Box): Promise<string | undefined> {
  const schemes: (string | undefined)[] = [];
  for (const track of await mp4BoxesAt(bytes, 'trak', index)) {
    const [handler] = await mp4BoxesAt(bytes, 'mdia/hdlr', track);
    const [description] = await mp4BoxesAt(bytes, 'mdia/minf/stbl/stsd', track);
    if (handler === undefined || description === undefined) continue;
    const kind = Buffer.from(await bytes.read(handler.start + 8, handler.start + 12)).toString('latin1');
    if (kind !== 'soun') continue;
    const end = Math.min(description.end, description.start + LARGEST_ENTRY_BYTES);
    schemes.push(schemeOf(Buffer.from(await bytes.read(description.start, end))));
  }
  // One track in the clear can be read
  return schemes.every((scheme) => scheme !== undefined) ? schemes[0] : undefined;
}

/** Protected sound has a box that says how: `sinf` with its scheme in `schm`, or Audible's `adrm`. */
function schemeOf(description: Buffer): string | undefined {
  if (description.includes('adrm', 'latin1')) return schemeNames['adrm'];
  if (!description.includes('sinf', 'latin1')) return undefined;
  const scheme = description.indexOf('schm', 'latin1');
  const code = scheme === -1 ? 'unknown' : description.toString('latin1', scheme + 8, scheme + 12);
  return schemeNames[code] ?? code;
}

async function ofAsf(bytes: Bytes): Promise<string | undefined> {
  const head = Buffer.from(await bytes.read(0, Math.min(ASF_HEADER_BYTES, bytes.sizeBytes)));
  const isEncrypted = ASF_ENCRYPTION.some((id) => head.includes(Buffer.from(id.replaceAll(' ', ''), 'hex')));
  return isEncrypted ? 'Windows Media DRM' : undefined;
}
