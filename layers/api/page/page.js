import { ApiProblem, callApi, storeKey } from './call-api.js';
import { clockTime } from './clock-time.js';
import { showFindings } from './findings-view.js';
import { showLive } from './live-view.js';
import { recordAudio } from './record-audio.js';
import { transcribeFile } from './transcribe-file.js';
import { transcriptView } from './transcript-view.js';

const at = (id) => document.getElementById(id);
const player = at('player');
const view = transcriptView(at('transcript'), player);
const downloads = {
  text: 'txt',
  srt: 'srt',
  vtt: 'vtt',
  tsv: 'tsv',
  json: 'json',
  verbose_json: 'verbose.json',
};

let recorder;
/** To take up again once a key is given. */
let refused;

function say(words) {
  at('status').textContent = words;
}

function complain(error, again) {
  say('');
  at('problem').textContent = sentence(error);
  const needsKey = error instanceof ApiProblem && error.status === 401;
  at('key-form').hidden = !needsKey;
  refused = needsKey ? again : undefined;
  if (needsKey) at('key').focus();
}

function sentence(error) {
  if (error.name === 'NotAllowedError') return 'The browser did not allow the microphone.';
  if (error.name === 'NotFoundError') return 'There is no microphone.';
  const text = error.message || String(error);
  return text[0].toUpperCase() + text.slice(1);
}

function busy(isBusy) {
  at('work').hidden = !isBusy;
  for (const id of ['choose', 'record', 'live']) at(id).disabled = isBusy;
}

async function transcribe(file) {
  const stopped = new AbortController();
  at('problem').textContent = '';
  at('result').hidden = true;
  at('partial').textContent = '';
  at('work-title').textContent = file.name;
  at('progress').removeAttribute('value');
  at('cancel').onclick = () => stopped.abort(new DOMException('stopped', 'AbortError'));
  busy(true);
  let saying;
  try {
    const outcome = await transcribeFile(file, {
      signal: stopped.signal,
      onProgress({ share, words, text }) {
        if (share === undefined) at('progress').removeAttribute('value');
        else at('progress').value = share;
        at('partial').textContent = text;
        if (words !== saying) say(`${words} …`);
        saying = words;
      },
    });
    show(file, outcome);
  } catch (error) {
    if (stopped.signal.aborted) say('Stopped.');
    else complain(error, () => transcribe(file));
  } finally {
    busy(false);
  }
}

function show(file, { job, transcript, uploadSeconds, hearSeconds }) {
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
    Language: transcript.language,
    Model: transcript.model,
  };
  at('figures').replaceChildren(...Object.entries(figures).map(([name, value]) => pair(name, value)));
  showFindings(job, { details: at('findings'), title: at('findings-title'), list: at('findings-list') });
  at('downloads').replaceChildren(
    at('downloads').firstElementChild,
    ...Object.entries(downloads).map(([format, ending]) =>
      downloadButton(job, format, `${stem(file.name)}.${ending}`),
    ),
  );
  at('result').hidden = false;
  say(`Done: ${count} words.`);
  at('transcript').focus({ preventScroll: true });
}

function pair(name, value) {
  const [row, term, text] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = name;
  text.textContent = value;
  row.append(term, text);
  return row;
}

function downloadButton(job, format, name) {
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

at('choose').onclick = () => at('file').click();
at('file').onchange = () => {
  const [file] = at('file').files;
  at('file').value = '';
  if (file) transcribe(file);
};

at('record').onclick = async () => {
  try {
    if (recorder === undefined) {
      recorder = await recordAudio();
      at('record').textContent = 'Stop recording';
      at('record').classList.add('recording');
      say('Recording …');
      return;
    }
    const file = await recorder.stop();
    recorder = undefined;
    at('record').textContent = 'Record';
    at('record').classList.remove('recording');
    await transcribe(file);
  } catch (error) {
    complain(error);
  }
};

at('live').onclick = async () => {
  at('problem').textContent = '';
  at('live').disabled = true;
  try {
    await showLive(at, { say, transcribe });
  } catch (error) {
    complain(error);
  } finally {
    at('live').disabled = false;
  }
};

at('key-form').onsubmit = (event) => {
  event.preventDefault();
  storeKey(at('key').value.trim());
  at('key-form').hidden = true;
  at('problem').textContent = '';
  refused?.();
};

// The whole window takes what is dropped: a file that misses the box must not replace the page
let inside = 0;
addEventListener('dragenter', () => at('source').classList.toggle('over', ++inside > 0));
addEventListener('dragleave', () => at('source').classList.toggle('over', --inside > 0));
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  inside = 0;
  at('source').classList.remove('over');
  const [file] = event.dataTransfer.files;
  if (file && !at('choose').disabled) transcribe(file);
});
