// Captured graphs in a thread of their own: a run blocks it, and CUDA graphs belong to the thread that captured them.
// { id, feeds } in, { id, outputs } or { id, message } out, as layers/whisper/session-worker.mjs.
// Node strips types by itself from 22.18 on; older ones need tsx
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import('./serve-captured.ts');
