import { Readable } from 'node:stream';
import type { MediaSource } from '@murmuration/pipeline/ports';
import { openFile } from './open-file.ts';
import { type HttpReach, openHttp } from './open-http.ts';
import type { OpenedSource } from './opened-source.ts';
import { serveRanges } from './serve-ranges.ts';
import { spoolToFile } from './spool-to-file.ts';

export interface OpenSourceOptions {
  /** Which hosts a URL may name. @default 'network' */
  readonly reach?: HttpReach | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What messages call a stream. @default 'the stream' */
  readonly streamName?: string | undefined;
  /** For what has to be written down before it can be read. @default the system's folder for temporary files */
  readonly spoolFolder?: string | undefined;
}

/** Makes any source one that FFmpeg can open and seek in. Throws as `checkMediaFile`, `openHttp` and `spoolToFile`. */
export async function openSource(
  source: MediaSource,
  { reach, signal, streamName = nameOf(source), spoolFolder }: OpenSourceOptions = {},
): Promise<OpenedSource> {
  if (typeof source === 'string' && !/^https?:\/\//i.test(source)) return openFile(source);
  if (source instanceof Readable) return spoolToFile(source, streamName, signal, spoolFolder);
  if (typeof source !== 'string' && !(source instanceof URL)) return serveRanges(source, signal);
  const found = await openHttp(source, { reach, signal });
  // A server that gives no ranges has begun to send all of it already
  return found.kind === 'ranges'
    ? serveRanges(found.source, signal, found.close)
    : spoolToFile(found.body, found.name, signal, spoolFolder);
}

/** What messages call a source before it is open; a URL without its secrets. */
export function nameOf(source: MediaSource): string {
  if (source instanceof Readable) return 'the stream';
  if (typeof source === 'string' && !/^https?:\/\//i.test(source)) return source;
  if (typeof source === 'string' || source instanceof URL) {
    if (!URL.canParse(String(source))) return 'the address';
    const { origin, pathname } = new URL(source);
    return origin + pathname;
  }
  return source.name;
}
