import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { type FormatName, formats } from '@murmuration/pipeline/formats/formats';
import type { RecordingTranscribed } from '@murmuration/pipeline/steps/transcribe-recording';
import { failureLine, jsonLine, reportLine } from './json-line.ts';
import { planOutputs } from './plan-outputs.ts';
import { printable } from './printable.ts';
import { refuseOverwriting } from './refuse-overwriting.ts';
import { writeNote } from './report-failure.ts';
import { writeAtomically } from './write-atomically.ts';
import { ReaderGone, writeOut } from './write-out.ts';

export interface DeliveryOptions {
  /** @default text */
  readonly format?: readonly FormatName[];
  readonly outputDir?: string;
  readonly jsonl?: boolean;
  readonly quiet?: boolean;
  readonly maxLineLength?: number;
  readonly maxLines?: number;
  readonly highlightWords?: boolean;
  /** File for one line a recording: what was left out or is doubtful, or why it has no transcript. */
  readonly report?: string;
}

export interface Delivery {
  readonly formats: readonly FormatName[];
  /** Hands over one recording's transcript; `seconds` is the time it took. Throws `output-unwritable`. */
  deliver(file: string, recording: RecordingTranscribed, seconds: number): Promise<void>;
  /** Names a recording in the report that has no transcript. Throws `output-unwritable`. */
  deliverFailure(file: string, error: unknown): Promise<void>;
}

/**
 * Where transcripts go: stdout, or files in a folder that is made here; the report of an earlier run is emptied. Throws
 * `invalid-argument` before any work.
 * @param alsoRead files beside the recordings that must not be written over
 */
export async function openDelivery(
  files: readonly string[],
  alsoRead: readonly string[],
  options: DeliveryOptions,
): Promise<Delivery> {
  const names = options.format ?? (options.jsonl && options.outputDir === undefined ? [] : ['text']);
  if (options.outputDir === undefined && names.length > (options.jsonl ? 0 : 1)) {
    throw new MurmurationError(
      'invalid-argument',
      `stdout holds one kind of output, not ${[...names, ...(options.jsonl ? ['jsonl'] : [])].join(' and ')}: add --output-dir`,
    );
  }
  const { outputDir, report } = options;
  const inputs = [...files, ...alsoRead];
  const plan = outputDir === undefined ? undefined : planOutputs(files, names, outputDir);
  const outputs = [...(plan?.values() ?? [])].flat().map(({ path }) => path);
  await refuseOverwriting(inputs, new Map(outputs.map((path) => [path, 'a transcript'])));
  if (report !== undefined) {
    await refuseOverwriting([...inputs, ...outputs], new Map([[report, 'the report']]));
    await prepareFolder(dirname(report));
  }
  if (outputDir !== undefined) {
    await prepareFolder(outputDir);
  }
  const writing = writingOf(options);
  const reports: string[] = [];
  const addToReport = async (line: string) => {
    if (report === undefined) return;
    reports.push(line);
    // Written anew each time, so that it is whole whenever the work ends
    await writeAtomically(report, reports.join(''));
  };
  if (report !== undefined) await writeAtomically(report, '');
  let readerGone = false;
  const toReader = (text: string) =>
    writeOut(text).catch((error: unknown) => {
      // Files are still wanted when nobody reads stdout any more
      if (!(error instanceof ReaderGone && plan !== undefined)) throw error;
      readerGone = true;
    });
  return {
    formats: names,
    deliverFailure: (file, error) => addToReport(failureLine(file, error)),
    async deliver(file, recording, seconds) {
      await addToReport(reportLine(file, recording));
      for (const { format, path } of plan?.get(file) ?? []) {
        await writeAtomically(path, formats[format].write(recording.transcript, writing));
        if (!options.quiet) writeNote(`wrote ${path}`);
      }
      if (readerGone) return;
      if (options.jsonl) return toReader(jsonLine(file, recording, seconds));
      const [name] = names;
      if (plan !== undefined || name === undefined) return;
      if (files.length > 1 && !options.quiet) process.stderr.write(`==> ${printable(file)} <==\n`);
      await toReader(formats[name].write(recording.transcript, writing));
    },
  };
}

function writingOf({ maxLineLength, maxLines, highlightWords = false }: DeliveryOptions) {
  const captions = {
    ...(maxLineLength === undefined ? {} : { maxLineCharacters: maxLineLength }),
    ...(maxLines === undefined ? {} : { maxLines }),
  };
  return { captions, highlightWords };
}

async function prepareFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new MurmurationError('output-unwritable', `cannot make the folder "${path}": check its parents`, {
      cause,
    });
  });
  await access(path, constants.W_OK).catch((cause: unknown) => {
    throw new MurmurationError(
      'output-unwritable',
      `"${path}" may not be written to: check its permissions`,
      {
        cause,
      },
    );
  });
}
