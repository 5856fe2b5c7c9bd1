import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives a run's tests one temporary folder, so that what they leave behind (the CDK's assemblies above all) goes with it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'murmuration-tests-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
