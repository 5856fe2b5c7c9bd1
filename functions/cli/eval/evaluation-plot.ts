import type { EvaluatedRecording, Summary } from './evaluation.ts';

const WIDTH = 720;
const PLOT = { left: 60, top: 48, width: 620, height: 320 } as const;
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
  const highest = Math.max(10, Math.ceil(Math.max(0, ...dots.map(({ error }) => error)) / 10) * 10);
  const speeds = dots.map(({ speed }) => Math.max(speed, 1e-3));
  const slowest = Math.floor(Math.log10(Math.min(1, ...speeds)));
  const fastest = Math.ceil(Math.log10(Math.max(10, ...speeds)));
  const x = (speed: number) =>
    PLOT.left + (PLOT.width * (Math.log10(Math.max(speed, 1e-3)) - slowest)) / (fastest - slowest);
  const y = (error: number) => BOTTOM - (PLOT.height * error) / highest;

  const across = [0, 1, 2, 3, 4, 5].map((step) => (highest * step) / 5);
  const upright = Array.from({ length: fastest - slowest + 1 }, (_, index) => 10 ** (slowest + index));
  const total = summary.wordErrorPercent;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 420" font-family="sans-serif" font-size="12" fill="#333">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(
      PLOT.left,
      24,
      `${summary.model}: word error ${total === null ? '–' : `${total} %`}, ${summary.realTimeFactor ?? '–'} × real time`,
      'font-size="15"',
    ),
    ...across.map((error) =>
      [
        line(PLOT.left, y(error), PLOT.left + PLOT.width, y(error)),
        text(PLOT.left - 8, y(error) + 4, `${round(error)} %`, 'text-anchor="end"'),
      ].join(''),
    ),
    ...upright.map((speed) =>
      [
        line(x(speed), PLOT.top, x(speed), BOTTOM),
        text(x(speed), BOTTOM + 18, `${round(speed)} ×`, 'text-anchor="middle"'),
      ].join(''),
    ),
    text(
      PLOT.left + PLOT.width / 2,
      BOTTOM + 38,
      'speed, × real time; the larger the dot, the longer the segment; orange is noise',
      'text-anchor="middle"',
    ),
    ...dots.map(({ title, speed, error, durationSeconds, isNoise }) => {
      const radius = Math.min(14, 3 + Math.log2(1 + durationSeconds / 10));
      const place = `cx="${round(x(speed))}" cy="${round(y(error))}" r="${round(radius)}"`;
      const colour = isNoise ? '#d55e00' : '#0072b2';
      return `<circle ${place} fill="${colour}" fill-opacity="0.6"><title>${escaped(title)}</title></circle>`;
    }),
    '</svg>\n',
  ].join('\n');
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
const line = (x1: number, y1: number, x2: number, y2: number) =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#ddd"/>`;
const text = (x: number, y: number, content: string, attributes: string) =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;

/** Also without what XML forbids: a file's name may hold anything. */
const escaped = (content: string) =>
  content
    .replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`)
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd');
