/** Records the microphone until `stop()`, which answers a file; `onSecond` is told how long it is. Throws where the browser or its user refuses. */
export async function recordAudio(onSecond) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
  const startedAt = performance.now();
  const tell = () => onSecond(Math.round((performance.now() - startedAt) / 1000));
  tell();
  const timer = setInterval(tell, 1000);
  recorder.start(1000);
  return {
    stop: () =>
      new Promise((resolve) => {
        clearInterval(timer);
        recorder.addEventListener('stop', () => {
          for (const track of stream.getTracks()) track.stop();
          const type = recorder.mimeType || 'audio/webm';
          const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
          resolve(new File(parts, `recording.${ending}`, { type }));
        });
        recorder.stop();
      }),
  };
}
