#!/usr/bin/env node
// Node strips types by itself from 22.18 on; older ones need tsx, which costs 0.1 s
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv);
