import { readFile } from 'node:fs/promises';
import type { ReplaceRule } from '@murmuration/pipeline/contract/replace-rule';
import { readReplaceRules } from '@murmuration/pipeline/edits/read-replace-rules';
import { redact } from '@murmuration/pipeline/edits/redact';
import { replaceAll } from '@murmuration/pipeline/edits/replace';
import type { TextEdit } from '@murmuration/pipeline/edits/text-edit';
import { MurmurationError } from '@murmuration/pipeline/errors';

export interface EditOptions {
  /** JSON file of rules. */
  readonly replace?: string;
  /** Kinds of private data. */
  readonly redact?: readonly string[];
  readonly phoneCountry?: string;
}

/** What is to be changed in every transcript, for this machine to do, and in the words of a server's API. */
export interface ReadEdits {
  /** Replacements first. */
  readonly edits: readonly TextEdit[];
  readonly wanted: {
    readonly replace?: readonly ReplaceRule[];
    readonly redact?: readonly string[];
    readonly phone_country?: string;
  };
}

/** Throws `file-not-found` and `invalid-argument`. */
export async function readEdits({ replace, redact: kinds, phoneCountry }: EditOptions): Promise<ReadEdits> {
  const rules = replace === undefined ? [] : readReplaceRules(await readRules(replace));
  return {
    edits: [...replaceAll(rules), ...(kinds === undefined ? [] : redact(kinds, { phoneCountry }))],
    wanted: {
      ...(replace === undefined ? {} : { replace: rules }),
      ...(kinds === undefined ? {} : { redact: kinds }),
      ...(phoneCountry === undefined ? {} : { phone_country: phoneCountry }),
    },
  };
}

function readRules(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new MurmurationError(
      'file-not-found',
      `cannot read the rules "${path}" (${cause.code}): check the path`,
      {
        cause,
      },
    );
  });
}
