import { clockTime } from './clock-time.js';
import { recordAudio } from './record-audio.js';

/** A button that records the microphone until it is pressed again; `onFile` is told what was recorded. */
export function recordButton(button, { say, complain, clear, setBusy, onFile }) {
  let recorder;

  async function start() {
    clear();
    // While the browser asks, a second press must not ask again
    setBusy(true);
    try {
      recorder = await recordAudio((seconds) => {
        button.textContent = `Stop recording (${clockTime(seconds)})`;
      });
      button.classList.add('recording');
      button.disabled = false;
      button.focus();
      say('Recording …');
    } catch (error) {
      setBusy(false);
      complain(error);
    }
  }

  async function stop() {
    const file = await recorder.stop();
    recorder = undefined;
    button.textContent = 'Record';
    button.classList.remove('recording');
    setBusy(false);
    await onFile(file);
  }

  button.onclick = () => (recorder === undefined ? start() : stop().catch(complain));
}
