import { here } from './call-api.js';
import { openLiveSocket } from './live-socket.js';
import { wavFile } from './wav-file.js';

/** Blocks that may wait for the network: 10 s. More are lost words, so the stream ends. */
const MOST_WAITING_BYTES = 320_000;

/**
 * Sends the microphone to `GET /v1/realtime` and tells `onEvent` what is heard, with `lagMilliseconds` since the last
 * word was said. `stop()` lets the server hear the rest; `recording()` is all that was said, as a file, if anything was. `ended` resolves
 * after the last event, and throws where the connection broke.
 */
export async function liveMicrophone({ onEvent, onLevel }) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: false, autoGainControl: true },
  });
  const { context, source } = listenTo(stream);
  const silence = () => {
    for (const track of stream.getTracks()) track.stop();
    if (context.state !== 'closed') context.close();
  };
  try {
    await context.audioWorklet.addModule(here('/page/pcm-worklet.js'));
  } catch (error) {
    silence();
    throw error;
  }
  const live = await openLiveSocket().catch((error) => {
    silence();
    throw error;
  });
  const { socket } = live;
  const blocks = [];
  const worklet = new AudioWorkletNode(context, 'pcm-worklet', { numberOfOutputs: 0 });
  let startedAt;
  worklet.port.onmessage = ({ data }) => {
    startedAt ??= performance.now() - 100;
    blocks.push(data);
    onLevel(loudness(new Int16Array(data)));
    if (socket.bufferedAmount > MOST_WAITING_BYTES) socket.close(4000, 'the network is too slow');
    else if (socket.readyState === WebSocket.OPEN) live.sendAudio(data);
  };
  source.connect(worklet);

  const ended = new Promise((resolve, reject) => {
    let isDone = false;
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      isDone ||= event.kind === 'done';
      if (event.kind === 'error') reject(new Error(event.message));
      const end = event.words?.at(-1)?.endSeconds;
      const lag = end === undefined ? undefined : performance.now() - startedAt - end * 1000;
      onEvent(event, lag);
    };
    socket.onclose = ({ reason }) => {
      silence();
      if (isDone) resolve();
      else reject(new Error(reason || 'The connection broke off.'));
    };
  });
  return {
    ended,
    stop() {
      silence();
      if (socket.readyState === WebSocket.OPEN) live.sendEnd();
    },
    recording: () => (blocks.length === 0 ? undefined : wavFile(blocks, 'live.wav')),
  };
}

/** At 16 kHz, where the browser can; else the worklet thins the samples out, a little less cleanly. */
function listenTo(stream) {
  try {
    const context = new AudioContext({ sampleRate: 16_000 });
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    const context = new AudioContext();
    return { context, source: context.createMediaStreamSource(stream) };
  }
}

function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  // -60 dB to 0 dB
  return Math.max(0, 1 + Math.log10(Math.sqrt(sum / samples.length) / 32_768 + 1e-9) / 3);
}
