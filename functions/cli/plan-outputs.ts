import { basename, extname, join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { type FormatName, formats } from '@murmuration/pipeline/formats/formats';

/** Where one transcript of a recording goes. */
export interface PlannedOutput {
  readonly format: FormatName;
  readonly path: string;
}

/**
 * The files to be written for each recording: its name, with the format's extension. Throws `invalid-argument` where
 * two recordings would write the same file.
 */
export function planOutputs(
  files: readonly string[],
  names: readonly FormatName[],
  folder: string,
): Map<string, PlannedOutput[]> {
  const sources = new Map<string, string>();
  const plan = new Map<string, PlannedOutput[]>();
  for (const file of files) {
    const outputs = names.map((format) => {
      const path = join(folder, `${basename(file, extname(file))}.${formats[format].extension}`);
      const other = sources.get(path);
      if (other !== undefined) {
        throw new MurmurationError(
          'invalid-argument',
          `"${other}" and "${file}" would both write "${path}": use another --output-dir for one of them`,
          { details: { path, files: [other, file] } },
        );
      }
      sources.set(path, file);
      return { format, path };
    });
    plan.set(file, outputs);
  }
  return plan;
}
