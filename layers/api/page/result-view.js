import { callApi } from './call-api.js';
import { clockTime } from './clock-time.js';
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
  player.src = URL.createObjectURL(file);
  at('result-title').textContent = file.name;
  view.show(transcript);
  const seconds = transcript.durationSeconds;
  const count = transcript.segments.reduce((sum, { words }) => sum + (words?.length ?? 0), 0);
  const figures = {
    Recording: clockTime(seconds),
    'Sent in': `${uploadSeconds.toFixed(2)} s`,
    'Transcribed in': `${hearSeconds.toFixed(2)} s`,
    Speed: `${Math.round(seconds / hearSeconds)} × real time`,
    Words: count.toLocaleString('en'),
    'From the cache': `${job.cached_segments} of ${transcript.segments.length} pieces`,
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
  at('copy').hidden = navigator.clipboard === undefined;
  at('copy').onclick = () =>
    navigator.clipboard.writeText(transcript.text).then(() => say('The text is copied.'), complain);
  at('result').hidden = false;
  return count;
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
