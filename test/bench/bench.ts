import { parseArgs } from 'node:util';
import { measureApi } from './api.ts';
import { measureFront } from './front.ts';
import { measureLive } from './live.ts';
import { measureManifests } from './manifests.ts';
import { measurePrecisions } from './precisions.ts';
import { startPeers, startRoster } from './roster.ts';
import { measureSpeed } from './speed.ts';
import { measureTimes } from './times.ts';
import { measureWords } from './words.ts';

const help = `Measures Murmuration beside faster-whisper: same weights, same machine, same run.

  npm run bench                           speed, start and memory on short recordings
  npm run bench -- words MANIFEST.jsonl   word error over recordings with references, one {"file","text"} a line
  npm run bench -- times [TIMES.jsonl...] when words begin, on speech whose word times are known: see word-times/
  npm run bench -- live                   how soon words of live speech are shown and final, in real time (45 s)
  npm run bench -- api                    what a client of "murmuration serve" waits for short recordings
  npm run bench -- context MANIFEST...    encoder contexts and ways to cut: word error against speed, in one run
  npm run bench -- ladder MANIFEST...     --models SMALL,LARGE: each alone, and the small one with the large one above it
  npm run bench -- front FILE...          decoding, voices and cuts: all that comes before the engine
  npm run bench -- precisions [SIZE...]   int8 beside fp32, random weights: tiny.en, base, small, turbo (8 min)

  --threads N   of every contestant (default 2; of the voice detector and of precisions: 1)
  --rounds N    of the speed measurement (default 9; of precisions: 3)
  --models A,B  of Murmuration (default whisper-tiny.en-int8)
  --name NAME   of the result file in test/bench/results (default: the subject)
  --long        against faster-whisper's ways with long recordings: voice detection, batches
  --batch N     of context: segments of one run (default: the engine's)
  --alone       without faster-whisper, which needs Python 3.11`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string' },
    rounds: { type: 'string' },
    models: { type: 'string', default: 'whisper-tiny.en-int8' },
    name: { type: 'string' },
    long: { type: 'boolean', default: false },
    batch: { type: 'string' },
    alone: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const [subject = 'speed', ...files] = positionals;
const known =
  ['speed', 'times', 'live', 'api', 'precisions'].includes(subject) ||
  (['words', 'front', 'context', 'ladder'].includes(subject) && files.length > 0);
if (values.help || !known) {
  console.log(help);
  process.exit(values.help ? 0 : 2);
}
const name = values.name ?? subject;
if (subject === 'front') {
  await measureFront(files, { name, threads: Number(values.threads ?? 1) });
  process.exit();
}
if (subject === 'precisions') {
  const sizes = files.length > 0 ? files : ['tiny.en', 'base', 'small', 'turbo'];
  measurePrecisions({
    name,
    threads: Number(values.threads ?? 1),
    rounds: Number(values.rounds ?? 3),
    sizes,
  });
  process.exit();
}
const threads = Number(values.threads ?? 2);
const rounds = Number(values.rounds ?? 9);
if (subject === 'api') {
  await measureApi({ name, threads, rounds });
  process.exit();
}
if (subject === 'live') {
  await measureLive({ name, threads, model: values.models });
  process.exit();
}
if (subject === 'context' || subject === 'ladder') {
  const options = { name, threads, rounds, models: values.models.split(','), batchSize: values.batch };
  await measureManifests(subject, files, options);
  process.exit();
}
const contestants = [
  ...(await startRoster(values.models.split(','), threads, { words: subject === 'times' })),
  ...(values.alone
    ? []
    : await startPeers(threads, subject === 'times' ? 'times' : values.long ? 'long' : 'short')),
];
try {
  if (subject === 'times') await measureTimes(contestants, { name, threads, files });
  else if (subject === 'speed') await measureSpeed(contestants, { name, threads, rounds });
  else await measureWords(contestants, { name, threads, manifest: files[0]! });
} finally {
  for (const contestant of contestants) contestant.stop();
}
