// Reads sound in a thread of its own: fetching, checking and decoding of 30 s take longer than all else that the server does for them.
// Node strips types by itself from 22.18 on; older ones need tsx
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import('./serve-sound.ts');
