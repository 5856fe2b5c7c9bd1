import { ApiProblem, storeKey } from './call-api.js';
import { clockTime } from './clock-time.js';
import { jobOptions, offerLanguages } from './job-options.js';
import { showLive } from './live-view.js';
import { recordAudio } from './record-audio.js';
import { showResult } from './result-view.js';
import { timeLeft } from './time-left.js';
import { transcribeFile } from './transcribe-file.js';
import { transcriptView } from './transcript-view.js';

const at = (id) => document.getElementById(id);
const player = at('player');
const view = transcriptView(at('transcript'), player);
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
  for (const id of ['result', 'speaking']) at(id).hidden = true;
  at('partial').textContent = '';
  at('progress-text').textContent = '';
  at('work-title').textContent = file.name;
  at('progress').removeAttribute('value');
  at('cancel').onclick = () => stopped.abort(new DOMException('stopped', 'AbortError'));
  busy(true);
  let saying;
  let left = timeLeft();
  try {
    const outcome = await transcribeFile(file, jobOptions(at), {
      signal: stopped.signal,
      onProgress({ share, words, text }) {
        if (words !== saying) {
          say(`${words} …`);
          left = timeLeft();
        }
        saying = words;
        if (share === undefined) at('progress').removeAttribute('value');
        else at('progress').value = share;
        at('progress-text').textContent = left(share);
        at('partial').textContent = text;
        // The newest words
        at('partial').scrollTop = at('partial').scrollHeight;
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

function show(file, outcome) {
  const count = showResult(file, outcome, { at, view, complain, say });
  at('source').classList.add('small');
  say(`Done: ${count} ${count === 1 ? 'word' : 'words'}.`);
  at('transcript').focus({ preventScroll: true });
  at('result').scrollIntoView({ block: 'nearest' });
}

offerLanguages(at);
at('choose').onclick = () => at('file').click();
at('file').onchange = () => {
  const [file] = at('file').files;
  at('file').value = '';
  if (file) transcribe(file);
};

at('record').onclick = async () => {
  try {
    if (recorder === undefined) {
      recorder = await recordAudio((seconds) => {
        at('record').textContent = `Stop recording (${clockTime(seconds)})`;
      });
      at('record').classList.add('recording');
      for (const id of ['choose', 'live']) at(id).disabled = true;
      say('Recording …');
      return;
    }
    const file = await recorder.stop();
    recorder = undefined;
    at('record').textContent = 'Record';
    at('record').classList.remove('recording');
    for (const id of ['choose', 'live']) at(id).disabled = false;
    await transcribe(file);
  } catch (error) {
    complain(error);
  }
};

at('live').onclick = async () => {
  at('problem').textContent = '';
  at('result').hidden = true;
  player.pause();
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
