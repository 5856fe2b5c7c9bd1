import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { bodyChunks } from './body-chunks.ts';
import type { BodyRoom } from './body-room.ts';
import { spoolFolder } from './spool-folder.ts';

/** A form with a recording, which lies in a temporary file. */
export interface ReceivedForm {
  /** In the order they came, names as they were sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined where the form has no `file`. */
  readonly file: { readonly path: string; readonly name: string; readonly sizeBytes: number } | undefined;
  /** Deletes the file. */
  close(): Promise<void>;
}

/** A prompt may be long, a list of options is short. */
const limits = { fields: 100, parts: 110, fieldSize: 64 << 10, fieldNameSize: 100, headerPairs: 50 };

/**
 * Reads `multipart/form-data` as it arrives; the part `file` goes to disk, so that no size fills the memory. Throws
 * `invalid-argument`, and what `bodyChunks` throws; no file is left then.
 */
export async function receiveForm(
  request: Request,
  { mostBytes, spool, place }: BodyRoom,
): Promise<ReceivedForm> {
  const parser = createParser(request);
  const folder = await spoolFolder(spool);
  const fields: [string, string][] = [];
  let file: ReceivedForm['file'];
  let saving: Promise<void> | undefined;
  let tooLong: string | undefined;
  parser.on('field', (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) tooLong ??= name;
    fields.push([name, value]);
  });
  parser.on('file', (name: string, stream: BusboyFileStream, given: string | undefined) => {
    // Also where the form breaks off, which the parser tells by itself
    stream.on('error', () => undefined);
    if (name !== 'file' || saving !== undefined) return stream.resume();
    const path = join(folder.path, 'media');
    saving = pipeline(stream, createWriteStream(path, { mode: 0o600 })).then(() => {
      file = { path, name: shown(given), sizeBytes: stream.bytesRead };
    });
    saving.catch((cause: unknown) => parser.destroy(cause as Error));
  });
  parser.on('fieldsLimit', () => parser.destroy(new Error(`it has more than ${limits.fields} fields`)));
  parser.on('partsLimit', () => parser.destroy(new Error(`it has more than ${limits.parts} parts`)));
  try {
    await pipeline(Readable.from(bodyChunks(request, mostBytes, place)), parser);
    await saving;
    if (tooLong !== undefined) throw new Error(`the field "${shown(tooLong)}" is too long`);
    return { fields, file, close: folder.remove };
  } catch (error) {
    await saving?.catch(() => undefined);
    await folder.remove();
    throw error instanceof MurmurationError ? error : unreadable(error);
  }
}

function createParser(request: Request): InstanceType<typeof Busboy> {
  const contentType = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new MurmurationError(
      'invalid-argument',
      `the body is "${shown(contentType) || 'of no type'}": send multipart/form-data, with the recording as file`,
    );
  }
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: { ...limits } });
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): MurmurationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MurmurationError('invalid-argument', `the form cannot be read: ${reason}. send it again`, {
    cause,
  });
}

/** A stranger's word in a message of ours: short, on one line. */
function shown(text: string | undefined): string {
  return (text ?? 'the recording').replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 100);
}
