/** Languages written without spaces between words: openai/whisper, tokenizer.py, split_to_word_tokens. */
export const unspacedLanguages: ReadonlySet<string> = new Set(['zh', 'ja', 'th', 'lo', 'my', 'yue']);
