/** Records the microphone until `stop()`, which answers a file. Throws where the browser or its user refuses. */
export async function recordAudio() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
  recorder.start(1000);
  return {
    stop: () =>
      new Promise((resolve) => {
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
