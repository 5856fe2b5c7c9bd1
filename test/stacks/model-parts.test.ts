import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modelParts } from '../../cdk/layer-parts.ts';

const parent = mkdtempSync(join(tmpdir(), 'murmuration-artifacts-'));
const ladder = [{ model: 'large', averageLogprobBelow: -0.5 }];
for (const [id, manifest] of Object.entries({ small: { ladder }, large: { ladder: [] }, alone: {} })) {
  mkdirSync(join(parent, id));
  writeFileSync(join(parent, id, 'manifest.json'), JSON.stringify(manifest));
}

it('of a model with a ladder are all of its models, side by side', () => {
  expect(modelParts('small', parent)).toEqual([
    { from: join(parent, 'small'), to: 'models/small' },
    { from: join(parent, 'large'), to: 'models/large' },
  ]);
});

it('of a model without one are that model', () => {
  expect(modelParts('alone', parent)).toHaveLength(1);
});

it('say which model is not there', () => {
  expect(() => modelParts('medium', parent)).toThrow('models/artifacts/medium');
});
