import { liveMicrophone } from './live-microphone.js';

/** The live part of the page, from the first word to the last. `at` finds elements by id. */
export async function showLive(at, { say, transcribe }) {
  const lags = [];
  at('live-final').textContent = '';
  at('live-interim').textContent = '';
  at('live-latency').textContent = '';
  at('live-whole').hidden = true;
  const microphone = await liveMicrophone({
    onLevel: (level) => {
      at('level').value = level;
    },
    onEvent: ({ kind, words }, lag) => {
      if (kind === 'final') at('live-final').textContent += textOf(words);
      if (kind === 'interim') at('live-interim').textContent = textOf(words).trim();
      if (kind !== 'interim' || lag === undefined) return;
      lags.push(lag);
      const median = lags.toSorted((a, b) => a - b)[Math.floor(lags.length / 2)];
      at('live-latency').textContent = `Words are shown ${(median / 1000).toFixed(1)} s after they are said`;
    },
  });
  at('speaking').hidden = false;
  at('live-stop').hidden = false;
  at('live-stop').onclick = () => microphone.stop();
  at('live-stop').focus();
  say('Speak: your words appear below.');
  try {
    await microphone.ended;
    const isSilent = at('live-final').textContent.trim() === '';
    say(isSilent ? 'Live transcription ended: no word was heard.' : 'Live transcription ended.');
  } finally {
    microphone.stop();
    at('level').value = 0;
    at('live-stop').hidden = true;
    const recording = microphone.recording();
    at('live-whole').hidden = recording === undefined;
    at('live-whole').onclick = () => transcribe(recording);
  }
}

const textOf = (words) => words.map(({ text }) => text).join('');
