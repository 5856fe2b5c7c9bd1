import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { helpFooter, transcribeHelpFooter } from './help-text.ts';
import {
  finiteNumber,
  formatList,
  ladder,
  list,
  portNumber,
  positiveNumber,
  positiveWhole,
  probability,
  temperatures,
  whole,
} from './parse-option.ts';
import { reportFailure, writeUsageError } from './report-failure.ts';
import { leaveStreamErrors } from './write-out.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const model = ['-m, --model <model>', 'id from "models list", or a folder', 'whisper-tiny.en-int8'] as const;
const ladderOf = [
  '--ladder <model[@limit],…>',
  'ask these for what the model is not sure of; none: nobody (default: what its manifest names)',
  ladder,
] as const;
const provider = () =>
  new Option('--provider <name>', 'default: what the model was built for').choices([
    'cpu',
    'cuda',
    'tensorrt',
  ]);
const threads = ['--threads <n>', 'threads (default: the physical cores, at most 8)', positiveWhole] as const;

/** Runs one command line to its end and answers the exit code. Each command loads what it needs when it runs. */
export async function main(argv: readonly string[]): Promise<number> {
  leaveStreamErrors();
  let exitCode = 0;
  const program = new Command('murmuration')
    .description('Transcribes recordings with Whisper models, on this machine.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: writeUsageError })
    .addHelpText('after', helpFooter);

  program
    .command('transcribe')
    .description('turn recordings into text or captions')
    .argument('<file...>', 'wav, flac, mp3, m4a, mp4, webm, ogg, …, an http(s) address, or - for stdin')
    .option('-f, --format <name,…>', 'text (default), json, verbose_json, srt, vtt, tsv', formatList)
    .option('-o, --output-dir <folder>', 'write files there instead of stdout; takes several formats')
    .option(...model)
    .option(...ladderOf)
    .addOption(provider())
    .option('-l, --language <language>', 'code or English name: en, German, …', 'auto')
    .addOption(new Option('--task <task>', 'translate is into English').choices(['transcribe', 'translate']))
    .option('--prompt <text>', 'earlier text, or spellings to follow')
    .option('--hotwords <word,…>', 'words to expect: names, jargon', list)
    .option('--words', 'time every word (srt, vtt and tsv do anyway)')
    .option(
      '--temperature, --temperatures <t,…>',
      'sampling ladder (default: 0,0.2,0.4,0.6,0.8,1)',
      temperatures,
    )
    .option('--seed <n>', 'of the sampling: same seed, same text', whole)
    .option('--compression-ratio-threshold <n>', 'decode again above it (default: 2.4)', positiveNumber)
    .option('--logprob-threshold <n>', 'decode again below this average (default: -1)', finiteNumber)
    .option(
      '--no-speech-threshold <p>',
      'silence above it, where the text is unlikely too (default: 0.6)',
      probability,
    )
    .option('--no-short-context', 'always encode the full 30 s: slower, for comparison')
    .addOption(
      new Option('--channels <how>', 'mix them, or transcribe each on its own').choices(['mix', 'separate']),
    )
    .addOption(
      new Option('--preprocess <how>', 'drc lifts what is quiet: dynamic range compression').choices([
        'none',
        'drc',
      ]),
    )
    .option('--max-line-length <n>', 'characters in a line of srt and vtt (default: 42)', positiveWhole)
    .option('--max-lines <n>', 'lines of a caption (default: 2)', positiveWhole)
    .option('--highlight-words', 'mark each word of vtt when it is said')
    .option('--replace <rules.json>', 'find and replace: see the README')
    .option('--redact <kind,…>', 'email, phone, card, ssn; nothing is cached then', list)
    .option('--phone-country <code>', 'whose telephone numbers have no + (default: US)')
    .option(
      '--report <file>',
      'write one line of JSON a recording: what was left out or is doubtful, or why it failed',
    )
    .option('--no-cache', 'neither use nor keep transcripts of segments that were heard before')
    .option('--allow-damaged', 'a damaged file, read as far as it goes, is no failure: warn, and exit with 0')
    .option(...threads)
    .option('--batch-size <n>', 'segments decoded together', positiveWhole)
    .option('--jsonl', 'print one line of JSON a recording')
    .option('-q, --quiet', 'errors only on stderr: no progress, no notes')
    .option('--remote <address>', 'let a server hear: "murmuration serve", or the API in an AWS account')
    .option('--api-key <key>', 'for --remote (default: $MURMURATION_API_KEY, which others cannot see)')
    .addHelpText('after', transcribeHelpFooter)
    .action(async (files, options, command: Command) => {
      const { transcribe } = await import('./transcribe.ts');
      const isDefaultModel = command.getOptionValueSource('model') === 'default';
      exitCode = await transcribe(files, { ...options, isDefaultModel });
    });

  program
    .command('models')
    .description('what can be given to --model')
    .command('list', { isDefault: true })
    .description('list the models on this machine')
    .action(async () => {
      const { listModels } = await import('./list-models.ts');
      await listModels();
    });

  program
    .command('serve')
    .description('serve the API on this machine: OpenAI-compatible, with jobs and a page')
    .option('--host <address>', 'where to listen; beyond this machine only with --keys', '127.0.0.1')
    .option('-p, --port <n>', '0 takes a free one', portNumber, 8000)
    .option(...model)
    .option(...ladderOf)
    .addOption(provider())
    .option(...threads)
    .option('--keys <file>', 'let in who has a key of this file: see "murmuration keys"')
    .option('--data <folder>', 'for jobs and uploads (default: ~/.local/share/murmuration)')
    .option('--jobs <n>', 'jobs heard side by side', positiveWhole, 1)
    .option('--max-upload <MB>', 'the largest recording', positiveWhole, 2048)
    .addOption(
      new Option(
        '--reach <where>',
        'addresses that clients may send: of the internet, or of this network too',
      )
        .choices(['public', 'network'])
        .default('public'),
    )
    .option('--open', 'show the page in the browser')
    .option('--dollars-per-hour <n>', 'of audio, for dry_run', finiteNumber, 0)
    .option('--no-cache', 'neither use nor keep transcripts of segments that were heard before')
    .action(async (options) => {
      const { serve } = await import('./serve.ts');
      exitCode = await serve(options, version);
    });

  const keys = program
    .command('keys')
    .description('who may use a server: keys, of which only hashes are kept');
  keys
    .command('create')
    .description('make a key, and print it this once')
    .argument('<file>', 'made where it is not there')
    .requiredOption('--owner <name>', 'whose jobs it sees; one owner may have several keys')
    .option('--requests-per-minute <n>', 'the most', positiveWhole)
    .option('--budget-hours <n>', 'hours of audio in a month', positiveNumber)
    .option('--expires-in-days <n>', 'refuse it from then on', positiveNumber)
    .option('--streams-at-once <n>', 'live streams that it may have open (default: 4)', positiveWhole)
    .action(async (file, options) => {
      const { createKey } = await import('./keys.ts');
      await createKey(file, options);
    });
  keys
    .command('list')
    .description('list the keys of a file')
    .argument('<file>')
    .action(async (file) => {
      const { listKeys } = await import('./keys.ts');
      await listKeys(file);
    });
  keys
    .command('rotate')
    .description(
      'make another secret for a key, with the same budget and what it has used, and print it this once',
    )
    .argument('<file>')
    .argument('<id>', 'as "keys list" shows it')
    .option('--expires-in-days <n>', 'refuse it from then on (default: as before)', positiveNumber)
    .action(async (file, id, options) => {
      const { rotateKey } = await import('./rotate-key.ts');
      await rotateKey(file, id, options);
    });
  keys
    .command('revoke')
    .description('refuse a key from now on, also in a server that runs')
    .argument('<file>')
    .argument('<id>', 'as "keys list" shows it')
    .option('--former', 'only what it was before it was rotated')
    .action(async (file, id, options) => {
      const { revokeKey } = await import('./keys.ts');
      await revokeKey(file, id, options);
    });

  const webhooks = program
    .command('webhooks')
    .description('webhooks of jobs of "serve" that have not arrived');
  const data = ['--data <folder>', 'that of "serve" (default: ~/.local/share/murmuration)'] as const;
  webhooks
    .command('list')
    .description('list those that wait for another try, and those that were given up')
    .option(...data)
    .action(async (options) => {
      const { listWebhooks } = await import('./webhooks.ts');
      await listWebhooks(options);
    });
  webhooks
    .command('replay')
    .description('send again what was given up, under the same ids')
    .argument('[job...]', 'as "webhooks list" shows them')
    .option('--all', 'all of them')
    .option(...data)
    .action(async (jobs, options) => {
      const { replayWebhooks } = await import('./webhooks.ts');
      await replayWebhooks(jobs, options);
    });
  webhooks
    .command('secret')
    .description('print what signs them, for receivers (standardwebhooks.com)')
    .option(...data)
    .action(async (options) => {
      const { showWebhookSecret } = await import('./webhooks.ts');
      await showWebhookSecret(options);
    });

  program
    .command('bench')
    .description('measure a model on a recording, warm')
    .argument('<file>', 'any recording')
    .option(...model)
    .option(...ladderOf)
    .addOption(provider())
    .option(...threads)
    .option('--runs <n>', 'how often the recording is transcribed', positiveWhole, 5)
    .action(async (file, options) => {
      const { bench } = await import('./bench.ts');
      await bench(file, options);
    });

  program
    .command('eval')
    .description('transcribe a manifest of recordings and count the errors')
    .argument('<manifest>', 'JSONL: {"file", "text", "language"?} a line, files relative to it')
    .option(...model)
    .option(...ladderOf)
    .addOption(provider())
    .option(
      '-l, --language <language>',
      'code or English name; a text that names none is compared by its rules (auto: English)',
      'auto',
    )
    .option('--no-short-context', 'always encode the full 30 s: slower, for comparison')
    .option('--no-cache', 'transcribe anew, for a fair speed')
    .option(...threads)
    .option('--batch-size <n>', 'segments decoded together', positiveWhole)
    .option('--json <file>', 'write the figures there')
    .option('--plot <file>', 'write an SVG there: error by speed of every recording')
    .option('-q, --quiet', 'errors only on stderr: no progress, no notes')
    .action(async (manifest, options) => {
      const { evaluate } = await import('./eval.ts');
      exitCode = await evaluate(manifest, options);
    });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return reportFailure(error);
  }
}
