import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { modelParts, refuseUnverified } from '../../cdk/layer-parts.ts';

const parent = mkdtempSync(join(tmpdir(), 'murmuration-artifacts-'));
const ladder = [{ model: 'large', averageLogprobBelow: -0.5 }];
const verified = { clips: 10 };
const manifests = {
  small: { verified, ladder },
  large: { verified, ladder: [] },
  alone: { verified },
  raw: { verified: null },
  doubtful: { verified, ladder: [{ model: 'raw', averageLogprobBelow: -0.5 }] },
};
for (const [id, manifest] of Object.entries(manifests)) {
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

it.each(['raw', 'doubtful'])('are refused of %s: a model that is not verified is not deployed', (model) => {
  expect(() => modelParts(model, parent)).toThrow(
    /models\/artifacts\/raw is not verified: run `npm run model -- verify raw`/,
  );
});

it('are refused for images too, as far as the model is here', () => {
  expect(() => refuseUnverified('raw', parent)).toThrow('models/artifacts/raw is not verified');
  for (const model of ['alone', 'only-in-the-image'])
    expect(() => refuseUnverified(model, parent)).not.toThrow();
});

it('say which model is not there', () => {
  expect(() => modelParts('medium', parent)).toThrow('models/artifacts/medium');
});
