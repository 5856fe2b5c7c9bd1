import { here, storedKey } from './call-api.js';

const placeOf = () => document.querySelector('meta[name="realtime"]').content;

/** Whether this server, or another for it, hears speech while it is spoken. */
export const hasLive = () => placeOf() !== 'none';

/**
 * Connects to live transcription: that of this server, which takes bytes, or, where the page names another address, that of
 * API Gateway, which takes numbered texts alone. Answers `{ socket, sendAudio(bytes), sendEnd() }`.
 */
export async function openLiveSocket() {
  const elsewhere = placeOf();
  const socket = await opened(elsewhere || here('/v1/realtime').href.replace(/^http/, 'ws'));
  if (elsewhere === '') {
    return {
      socket,
      sendAudio: (bytes) => socket.send(bytes),
      sendEnd: () => socket.send(JSON.stringify({ kind: 'end' })),
    };
  }
  let index = 0;
  const send = (message) => {
    socket.send(JSON.stringify({ ...message, index }));
    index += 1;
  };
  return {
    socket,
    sendAudio: (bytes) => send({ kind: 'audio', audio: base64Of(bytes) }),
    sendEnd: () => send({ kind: 'end' }),
  };
}

function opened(address) {
  const protocols = storedKey() === '' ? [] : [`murmuration-key.${storedKey()}`];
  const socket = new WebSocket(address, ['murmuration', ...protocols]);
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error('This server has no live transcription, or refuses the key.'));
  });
}

const base64Of = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
