import { type ErrorCode, errorPolicy } from '@murmuration/pipeline/errors';

const examples = `
Examples:
  the text, on stdout              $ murmuration transcribe talk.mp3
  captions                         $ murmuration transcribe talk.mp3 --format srt > talk.srt
  many files, many formats         $ murmuration transcribe *.m4a --format text,vtt --output-dir transcripts
  hints and word times             $ murmuration transcribe talk.wav --prompt "Kraftwerk, Düsseldorf" --words --format json
  one line of JSON a recording     $ murmuration transcribe *.flac --jsonl | jq -r .text
  each side of a call on its own   $ murmuration transcribe call.wav --channels separate --format vtt
  what was left out, and why       $ murmuration transcribe talk.mp3 --report doubts.jsonl
  word error against references    $ murmuration eval manifest.jsonl --plot errors.svg
  serve the API on this machine    $ murmuration serve
  which models are there           $ murmuration models list
  how fast is this machine         $ murmuration bench talk.mp3 --threads 2
`;

/** Empty where the code before says it. */
export const meanings: Readonly<Record<ErrorCode, string>> = {
  internal: 'a fault of the kit itself; please report it',
  'invalid-argument': 'an option or argument that cannot be used',
  'file-not-found': 'no such file, key or webhook',
  'media-unreadable': 'not audio or video, encrypted (DRM), or no sound in it',
  'media-empty': '',
  'media-truncated':
    'cut off or damaged: the transcript holds what could be read (0 with --allow-damaged); an mp4 cut off before its index has none',
  'audio-invalid': 'samples that are no numbers',
  'audio-too-long': 'a segment longer than the engine takes',
  'model-not-found': 'no such model',
  'model-corrupt': 'a model file that differs from its manifest',
  'language-unknown': 'a language that the model cannot read',
  'output-unwritable': 'the transcript could not be written',
  'dependency-missing': 'no decoder: install node-av or ffmpeg',
  'out-of-memory': 'not enough memory',
  'store-unavailable': "a server that was not reached, or a file of the kit's own that cannot be used",
  'receiver-unavailable': '',
  'key-refused': 'a server (--remote) that refused the key, the request, or more of them',
  'rate-limited': '',
  'budget-spent': '',
  'body-too-large': '',
  'not-found': '',
  'method-unknown': '',
  conflict: '',
  aborted: 'stopped by Ctrl-C',
};

/** Exit codes with what they mean, from `errorPolicy`: one line a code. */
function exitCodes(): string {
  const lines = new Map<number, string[]>([[0, ['everything was done']]]);
  for (const [code, { exitCode }] of Object.entries(errorPolicy)) {
    lines.set(exitCode, [...(lines.get(exitCode) ?? []), meanings[code as ErrorCode]]);
  }
  return [...lines]
    .sort(([a], [b]) => a - b)
    .map(
      ([exitCode, meaning]) =>
        `  ${String(exitCode).padStart(3)}  ${meaning.filter((words) => words !== '').join('; ')}`,
    )
    .join('\n');
}

/** What stands below the list of commands. */
export const helpFooter = `${examples}
Exit codes (with several files: that of the first one that failed; the others are done):
${exitCodes()}
`;

/** What stands below the options of `transcribe`. */
export const transcribeHelpFooter = `
A file that fails gives one line on stderr and nothing on stdout; one that is cut off or damaged gives the transcript of
what could be read, one line on stderr, and exit code 5 (an mp4 that is cut off before its index fails, with 5 too).
The transcript goes to stdout, or with --output-dir to <name>.<txt|json|verbose.json|srt|vtt|tsv>; progress and all
messages go to stderr.

Formats: text is the words; json is everything the kit knows, in its own shape; verbose_json is OpenAI's shape;
srt and vtt are captions of at most 2 lines of 42 characters; tsv is Whisper's table (start and end in ms, text).

--jsonl prints one line a recording:
  {"file","text","language","model","durationSeconds","seconds","segments","cached","fallbacks","escalated",
   "dropped","warnings"}
  where seconds is the time it took and fallbacks counts decoding attempts that were not kept,
  escalated the segments that another model of the ladder wrote,
  and dropped holds text that was left out, with the reason.

Exit codes: murmuration --help
`;
