import type { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { openEdits } from '@murmuration/pipeline/edits/open-edits';

interface WrittenEdits {
  readonly replace: TextEdits['replace'];
  readonly redact: TextEdits['redact'];
  readonly phone_country: string;
}

/** What a client wants changed; undefined where that is nothing. Throws `invalid-argument`, before anything is heard. */
export function textEditsOf({
  replace,
  redact,
  phone_country: country,
}: WrittenEdits): TextEdits | undefined {
  if (replace.length + redact.length === 0) return undefined;
  const edits = { replace, redact, phoneCountry: country.toUpperCase() };
  openEdits(edits);
  return edits;
}
