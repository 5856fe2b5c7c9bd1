import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Runs the app as the CDK does. */
function synthesize(context: object) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'cdk/app.ts'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: {
      ...process.env,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:bundling-stacks': [] }),
    },
    encoding: 'utf8',
  });
}

describe('the app', () => {
  it.each([
    [
      'a wrong setting',
      { gpuMaxInstances: 'many' },
      'gpuMaxInstances is "many": it must be a whole number from 1 to 100. change it in cdk.json ("context") or by -c key=value\n',
    ],
    [
      'a model that is not there',
      { model: 'nonsense' },
      'there is no model at models/artifacts/nonsense: build it (models/README.md), or set cpuImage to an image that holds it\n',
    ],
  ])('says in one line what is wrong with %s, and what to do', (_, context, line) => {
    const { status, stdout, stderr } = synthesize(context);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: line });
  });
});
