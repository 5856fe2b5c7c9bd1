/** Half of the decoder's text context, as openai/whisper. */
const TOKEN_LIMIT = 224;

/**
 * New tokens a clip may need, the end token included. People say at most 6 to 7 English tokens a second, so more is a loop, and stopping it early
 * saves its time. Scripts that the byte-level vocabulary spells out letter by letter need up to three times as many.
 */
export function tokenLimit(seconds: number, language: string): number {
  const tokensPerSecond = language === 'en' ? 8 : 24;
  return Math.min(Math.floor(tokensPerSecond * seconds) + 16, TOKEN_LIMIT);
}
