import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';
import type { Reference } from '@murmuration/pipeline/evaluation/reference';
import { z } from 'zod';

const Line = z.object({
  file: z.string().min(1),
  /** What is said; "" is noise, null is not scored. */
  text: z.string().nullable().optional(),
  language: z.string().optional(),
  languages: z.array(z.string()).optional(),
});

export interface References {
  readonly references: readonly Reference[];
  /** Lines whose text is not known. */
  readonly unscored: number;
}

/**
 * Reads a manifest: JSONL of {"file", "text"}, paths relative to it, as `models/evaluate.py` takes it. Throws
 * `file-not-found`, and `invalid-argument` with the number of the line.
 */
export async function readReferences(path: string): Promise<References> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = systemCode(cause) ?? String(cause);
    throw new MurmurationError(
      'file-not-found',
      `cannot read "${path}" (${why}): give a JSONL file, one {"file": …, "text": …} a line`,
      { cause },
    );
  });
  const lineByFile = new Map<string, number>();
  const references: Reference[] = [];
  for (const [index, written] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (written.trim() === '') continue;
    const place = `${path}:${index + 1}`;
    const line = parseLine(written, place);
    const earlier = lineByFile.get(line.file);
    if (earlier !== undefined) {
      throw refusal(place, `names "${line.file}" again, after line ${earlier}: keep one of the two`);
    }
    lineByFile.set(line.file, index + 1);
    if (typeof line.text !== 'string') continue;
    const languages = line.languages ?? (line.language === undefined ? [] : [line.language]);
    references.push({
      file: line.file,
      path: isAbsolute(line.file) ? line.file : join(dirname(path), line.file),
      text: line.text,
      ...(languages.length === 0 ? {} : { language: languages.length === 1 ? languages[0]! : 'und' }),
    });
  }
  if (references.length === 0) {
    throw refusal(path, 'has no recording whose text is known: write one {"file": …, "text": …} a line');
  }
  return { references, unscored: lineByFile.size - references.length };
}

function parseLine(written: string, place: string): z.infer<typeof Line> {
  let json: unknown;
  try {
    json = JSON.parse(written);
  } catch (cause) {
    throw refusal(place, 'is not JSON: write one {"file": …, "text": …} a line', cause);
  }
  const parsed = Line.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = z.prettifyError(parsed.error).replaceAll('\n', ' ').replaceAll('✖ ', '');
  throw refusal(
    place,
    `is no reference (${problems}): write one {"file": …, "text": …} a line`,
    parsed.error,
  );
}

function refusal(place: string, problem: string, cause?: unknown): MurmurationError {
  return new MurmurationError('invalid-argument', `${place} ${problem}`, { cause });
}
