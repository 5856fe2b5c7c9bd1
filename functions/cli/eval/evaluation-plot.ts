import type { EvaluatedRecording, Summary } from '@murmuration/pipeline/evaluation/evaluation';
import { logScale, percentScale } from './plot-scale.ts';

const WIDTH = 720;
const PLOT = { left: 72, top: 58, width: 612, height: 310 } as const;
const BOTTOM = PLOT.top + PLOT.height;

interface Dot {
  readonly title: string;
  readonly speed: number;
  /** Percent. */
  readonly error: number;
  readonly durationSeconds: number;
  readonly isNoise: boolean;
}

/**
 * An SVG of every segment as a dot: how fast it was to the right (logarithmic), its word error upwards, its length as
 * the dot's size. A recording of one segment is one dot. Pointing at a dot names it.
 */
export function evaluationPlot(recordings: readonly EvaluatedRecording[], summary: Summary): string {
  const dots = recordings.flatMap(dotsOf);
  const errors = percentScale(dots.map(({ error }) => error));
  const speeds = logScale(dots.map(({ speed }) => speed));
  const x = (speed: number) => PLOT.left + PLOT.width * speeds.place(speed);
  const y = (error: number) => BOTTOM - PLOT.height * errors.place(error);
  const beyond = dots.some(({ error }) => error > 100);
  const total = summary.wordErrorPercent;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 420" font-family="sans-serif" font-size="12" fill="#333">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(PLOT.left, 22, titleOf(summary), 'font-size="15"'),
    text(PLOT.left - 8, PLOT.top - 13, 'word error', 'text-anchor="end"'),
    ...errors.ticks.map((error) =>
      [
        line(PLOT.left, y(error), PLOT.left + PLOT.width, y(error), error === 0 ? '#888' : '#ddd'),
        text(
          PLOT.left - 8,
          y(error) + 4,
          `${beyond && error === 100 ? '≥ ' : ''}${error} %`,
          'text-anchor="end"',
        ),
      ].join(''),
    ),
    ...speeds.ticks.map((speed) =>
      [
        line(x(speed), PLOT.top, x(speed), BOTTOM, '#ddd'),
        text(x(speed), BOTTOM + 18, `${speed.toLocaleString('en')} ×`, 'text-anchor="middle"'),
      ].join(''),
    ),
    text(PLOT.left + PLOT.width / 2, BOTTOM + 38, captionOf(dots), 'text-anchor="middle"'),
    ...(total === null
      ? []
      : [line(PLOT.left, y(total), PLOT.left + PLOT.width, y(total), '#0072b2', '5 4')]),
    // Large ones first, so that none is hidden
    ...dots
      .toSorted((a, b) => b.durationSeconds - a.durationSeconds)
      .map(({ title, speed, error, durationSeconds, isNoise }) => {
        const radius = Math.min(14, 3 + Math.log2(1 + durationSeconds / 10));
        const place = `cx="${round(x(speed))}" cy="${round(y(error))}" r="${round(radius)}"`;
        const colour = `fill="${isNoise ? '#d55e00' : '#0072b2'}" fill-opacity="0.6" stroke="#fff"`;
        return `<circle ${place} ${colour}><title>${escaped(title)}</title></circle>`;
      }),
    '</svg>\n',
  ].join('\n');
}

function titleOf({ model, wordErrorPercent, realTimeFactor, noiseWords, noiseClips }: Summary): string {
  const error =
    wordErrorPercent === null && noiseClips > 0
      ? `${noiseWords} words invented in noise`
      : `word error ${wordErrorPercent === null ? '–' : `${wordErrorPercent} %`}`;
  return `${model}: ${error}, ${realTimeFactor ?? '–'} × real time`;
}

function captionOf(dots: readonly Dot[]): string {
  const parts = ['speed, × real time', 'the larger the dot, the longer the segment'];
  if (dots.some(({ isNoise }) => !isNoise)) parts.push('dashes: all words together');
  if (dots.some(({ isNoise }) => isNoise)) parts.push('orange: noise');
  return parts.join('; ');
}

function dotsOf(recording: EvaluatedRecording): Dot[] {
  const { file, words, insertions, durationSeconds, bySegment } = recording;
  const speed = durationSeconds / Math.max(recording.seconds, 1e-3);
  const isNoise = words === 0;
  if (bySegment.length < 2 || isNoise) {
    const error = errorOf(words, isNoise ? insertions : (words * recording.wordErrorPercent!) / 100);
    const said = isNoise
      ? `noise, ${insertions} words invented`
      : `${recording.wordErrorPercent} % of ${words} words`;
    const title = `${file}: ${said}, ${speed.toFixed(1)} × real time`;
    return [{ title, speed, error, durationSeconds, isNoise }];
  }
  return bySegment.map(({ startSeconds, endSeconds, words, errors, realTimeFactor }) => {
    const own = realTimeFactor ?? speed;
    const when = `${startSeconds.toFixed(1)}–${endSeconds.toFixed(1)} s`;
    const title = `${file}, ${when}: ${errors} errors in ${words} words, ${own.toFixed(1)} × real time`;
    const durationSeconds = endSeconds - startSeconds;
    return { title, speed: own, error: errorOf(words, errors), durationSeconds, isNoise: words === 0 };
  });
}

// Where nothing was said, each invented word is all wrong
const errorOf = (words: number, errors: number) =>
  words === 0 ? (errors > 0 ? 100 : 0) : (100 * errors) / words;

const round = (value: number) => Math.round(value * 1000) / 1000;
const line = (x1: number, y1: number, x2: number, y2: number, colour: string, dashes = 'none') =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}" stroke-dasharray="${dashes}"/>`;
const text = (x: number, y: number, content: string, attributes: string) =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;

/** Also without what XML forbids: a file's name may hold anything. */
const escaped = (content: string) =>
  content
    .replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`)
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd');
