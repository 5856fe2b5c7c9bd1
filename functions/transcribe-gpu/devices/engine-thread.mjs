// An engine in a thread of its own: onnxruntime-node computes on the thread that calls it, and the server must answer pings.
// { id, segments, decoding } in, { id, transcripts } or { id, error } out; first { model } or { error }.
// Node strips types by itself from 22.18 on; older ones need tsx
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import('./serve-engine.ts');
