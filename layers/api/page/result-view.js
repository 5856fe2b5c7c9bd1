import { callApi } from './call-api.js';
import { clockTime } from './clock-time.js';
import { counted } from './counted.js';
import { deleteButton } from './delete-button.js';
import { showFindings } from './findings-view.js';

const downloads = {
  text: 'txt',
  srt: 'srt',
  vtt: 'vtt',
  tsv: 'tsv',
  json: 'json',
  verbose_json: 'verbose.json',
};

/** Shows a transcript with its recording, figures, downloads and findings; `at` finds elements by id. Answers its words' count. */
export function showResult(
  file,
  { job, transcript, uploadSeconds, hearSeconds },
  { at, view, complain, say },
) {
  const player = at('player');
  URL.revokeObjectURL(player.src);
  showPlayer(at, true);
  player.onerror = () => showPlayer(at, false);
  player.src = URL.createObjectURL(file);
  at('result-title').textContent = file.name;
  at('result-title').title = file.name;
  view.show(transcript);
  const seconds = transcript.durationSeconds;
  const count = transcript.segments.reduce((sum, segment) => sum + wordsIn(segment), 0);
  showHint(at, count, transcript.segments);
  const figures = {
    Recording: clockTime(seconds),
    'Sent in': `${uploadSeconds.toFixed(2)} s`,
    'Transcribed in': `${hearSeconds.toFixed(2)} s`,
    Speed: `${inShort(seconds / hearSeconds)} × real time`,
    Words: count.toLocaleString('en'),
    'From the cache': job.cached_segments === 0 ? 'nothing' : counted(job.cached_segments, 'piece'),
    Language: languageName(transcript.language),
    Model: transcript.model,
  };
  at('figures').replaceChildren(...Object.entries(figures).map(([name, value]) => pair(name, value)));
  showFindings(job, {
    details: at('findings'),
    title: at('findings-title'),
    list: at('findings-list'),
    play: view.playAt,
  });
  at('downloads').replaceChildren(
    at('downloads').firstElementChild,
    ...Object.entries(downloads).map(([format, ending]) =>
      downloadButton(job, format, `${stem(file.name)}.${ending}`, complain),
    ),
  );
  // Only pages that came over https, or from this machine, may write there
  at('copy').hidden = count === 0 || navigator.clipboard === undefined;
  at('copy').onclick = () =>
    navigator.clipboard.writeText(transcript.text).then(() => say('The text is copied.'), complain);
  deleteButton(job, { at, complain, say });
  at('result').hidden = false;
  return count;
}

/** Some models time no words: then they are counted as they are written. */
const wordsIn = ({ words, text }) => words?.length ?? text.split(/\s+/).filter((word) => word !== '').length;

/** What is slow shows a tenth. */
const inShort = (times) => (times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString('en'));

/** A browser may not know the format that the server could read. */
function showPlayer(at, isShown) {
  at('player').hidden = !isShown;
  at('no-player').hidden = isShown;
  if (isShown) return;
  at('transcript-hint').hidden = true;
  at('transcript').removeAttribute('aria-describedby');
  for (const place of at('findings-list').querySelectorAll('.place')) place.disabled = true;
}

function showHint(at, count, segments) {
  at('transcript-hint').hidden = count === 0;
  at('hint-unit').textContent = segments.some(({ words }) => words !== undefined) ? 'word' : 'passage';
  if (count === 0) at('transcript').removeAttribute('aria-describedby');
  else at('transcript').setAttribute('aria-describedby', 'transcript-hint');
}

function languageName(code) {
  try {
    return new Intl.DisplayNames('en', { type: 'language' }).of(code);
  } catch {
    return code;
  }
}

function pair(name, value) {
  const [row, term, text] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = name;
  text.textContent = value;
  row.append(term, text);
  return row;
}

function downloadButton(job, format, name, complain) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = downloads[format];
  button.onclick = async () => {
    try {
      const response = await callApi('GET', `/v1/jobs/${job.id}/transcript?format=${format}`);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      complain(error);
    }
  };
  return button;
}

const stem = (name) => name.replace(/\.[^.]+$/, '');
