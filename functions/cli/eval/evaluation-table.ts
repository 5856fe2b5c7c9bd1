import type { EvaluatedRecording, Summary } from '@murmuration/pipeline/evaluation/evaluation';
import { printable } from '../printable.ts';
import { table } from '../table.ts';

/** Every recording, in the manifest's order, and what they come to. */
export function evaluationTable(recordings: readonly EvaluatedRecording[], summary: Summary): string {
  const rows = recordings.map((recording) => [
    shortened(printable(recording.file)),
    ...countsOf(recording),
    percent(recording.wordErrorPercent),
    percent(recording.words === 0 ? null : (100 * recording.characterErrors) / recording.characters),
    speed(recording.durationSeconds, recording.seconds),
    String(recording.fallbacks),
    `${recording.cached}/${recording.segments}`,
  ]);
  const all = [
    `all ${summary.clips} with speech`,
    ...countsOf(summary),
    percent(summary.wordErrorPercent),
    percent(summary.characterErrorPercent),
    speed(summary.durationSeconds, summary.seconds),
    String(summary.fallbacks),
    `${summary.cached}/${summary.segments}`,
  ];
  const header = 'CLIP,WORDS,WRONG,LEFT OUT,ADDED,WER,CER,REAL TIME,FALLBACKS,CACHED'.split(',');
  const noise =
    summary.noiseClips === 0
      ? ''
      : `${summary.noiseWords} words invented in ${summary.noiseClips} clips of noise\n`;
  const escalated =
    summary.escalated === 0
      ? ''
      : `${summary.escalated} of ${summary.segments} segments were written by another model of the ladder\n`;
  const warm = summary.cached === 0 ? '' : 'segments from the cache make it look faster: --no-cache\n';
  return table([header, ...rows, all]) + noise + escalated + warm;
}

const countsOf = ({
  words,
  substitutions,
  deletions,
  insertions,
}: Pick<EvaluatedRecording, 'words' | 'substitutions' | 'deletions' | 'insertions'>) =>
  [words, substitutions, deletions, insertions].map(String);

const percent = (value: number | null) => (value === null ? '–' : `${value.toFixed(2)} %`);
const speed = (durationSeconds: number, seconds: number) =>
  seconds === 0 ? '–' : `${(durationSeconds / seconds).toFixed(1)} ×`;

/** The end of a path tells recordings apart. */
const shortened = (file: string) => (file.length <= 40 ? file : `…${file.slice(-39)}`);
