import { describe, expect, it } from 'vitest';
import { synthesize } from './synthesize.ts';

/** What depends on the content of files: the templates shall change with the infrastructure alone. */
const withoutHashes = (template: unknown) =>
  JSON.parse(
    JSON.stringify(template)
      .replace(/[0-9a-f]{64}/g, '<hash>')
      .replace(/EngineLayer[0-9A-F]{8}[0-9a-f]*|MediaLayer[0-9A-F]{8}[0-9a-f]*/g, '<layer>'),
  );

describe('the template of', () => {
  const templates = synthesize();

  it.each(Object.entries(templates))('%s changes only on purpose', async (name, template) => {
    const text = `${JSON.stringify(withoutHashes(template.toJSON()), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`snapshots/${name}.json`);
  });
});
