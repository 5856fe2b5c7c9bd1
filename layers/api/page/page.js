import { ApiProblem, storeKey } from './call-api.js';
import { counted } from './counted.js';
import { jobOptions, offerLanguages } from './job-options.js';
import { hasLive } from './live-socket.js';
import { showLive } from './live-view.js';
import { recordButton } from './record-button.js';
import { showResult } from './result-view.js';
import { timeLeft } from './time-left.js';
import { transcribeFile } from './transcribe-file.js';
import { transcriptView } from './transcript-view.js';

const at = (id) => document.getElementById(id);
const player = at('player');
const view = transcriptView(at('transcript'), player);
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

function setBusy(isBusy) {
  for (const id of ['choose', 'record', 'live']) at(id).disabled = isBusy;
}

/** A key or a reader must not fall out of the page where what it stood on goes away. */
function keepFocus(id) {
  if (document.activeElement === null || document.activeElement === document.body) at(id).focus();
}

function clear() {
  at('problem').textContent = '';
  for (const id of ['result', 'speaking']) at(id).hidden = true;
  player.pause();
}

async function transcribe(file, note = '') {
  clear();
  if (file.size === 0) return complain(new Error(`"${file.name}" is empty: choose another file.`));
  const stopped = new AbortController();
  at('partial').textContent = '';
  at('progress-text').textContent = '';
  at('work-title').textContent = file.name;
  at('progress').removeAttribute('value');
  at('cancel').onclick = () => stopped.abort(new DOMException('stopped', 'AbortError'));
  setBusy(true);
  at('work').hidden = false;
  keepFocus('cancel');
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
    show(file, outcome, note);
  } catch (error) {
    if (stopped.signal.aborted) say('Stopped.');
    else complain(error, () => transcribe(file, note));
  } finally {
    setBusy(false);
    at('work').hidden = true;
    keepFocus('choose');
  }
}

function show(file, outcome, note) {
  const count = showResult(file, outcome, { at, view, complain, say });
  at('source').classList.add('small');
  say(`Done: ${count === 0 ? 'nobody says anything' : counted(count, 'word')}.${note}`);
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

recordButton(at('record'), { say, complain, clear, setBusy, onFile: transcribe });

at('live').hidden = !hasLive();
at('live').onclick = async () => {
  clear();
  setBusy(true);
  try {
    await showLive(at, { say, transcribe });
  } catch (error) {
    complain(error, () => at('live').click());
  } finally {
    setBusy(false);
    keepFocus(at('live-whole').hidden ? 'live' : 'live-whole');
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
  const [file, ...others] = event.dataTransfer.files;
  const note = others.length > 0 ? ` Of ${others.length + 1} files the first was taken.` : '';
  if (file && !at('choose').disabled) transcribe(file, note);
});
