#!/usr/bin/env node
// Node strips types by itself from 22.18 on; older ones need tsx
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
const { main } = await import('./main.ts');
await main();
