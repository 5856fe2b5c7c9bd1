import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type EngineOptions } from '@murmuration/whisper/engine';
import type { Manifest } from '@murmuration/whisper/manifest';
import { describe, expect, it } from 'vitest';
import { bytesOf, englishOnly, manifestOf, modelFolderOf } from './factories/whisper-model.ts';
import { fakeSession, type RowScript } from './factories/whisper-session.ts';

const clip = new Float32Array(32_000).fill(0.1);
const large = (fields: Partial<Manifest> = {}) => manifestOf({ id: 'whisper-large', ...fields });

/** Models side by side, as models/artifacts has them. */
async function folderOf(...manifests: Manifest[]): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'murmuration-models-'));
  for (const manifest of manifests) {
    await cp(await modelFolderOf(manifest), join(parent, manifest.id), { recursive: true });
  }
  return parent;
}

async function engineOf(
  scripts: Record<string, RowScript>,
  manifests: readonly Manifest[],
  options: Partial<EngineOptions> = {},
) {
  const parent = await folderOf(...manifests);
  const sessions = new Map<string, ReturnType<typeof fakeSession>>();
  const engine = await createEngine(
    { modelFolder: join(parent, manifests[0]!.id), ...options },
    {
      openSession: async ({ manifest }) => {
        const fake = fakeSession(() => scripts[manifest.id]!);
        sessions.set(manifest.id, fake);
        return fake.session;
      },
    },
  );
  return { engine, sessions, parent };
}

const unsure = { tokens: bytesOf(' small'), logprob: -0.8 };
const sure = { tokens: bytesOf(' large') };
const scripts = { 'whisper-toy.en': unsure, 'whisper-toy': unsure, 'whisper-large': sure };
const ladder = [{ model: 'whisper-large', averageLogprobBelow: -0.5 }];

describe('an engine with a ladder', () => {
  it('takes it from the manifest and loads the next model with the first segment that needs it', async () => {
    const { engine, sessions } = await engineOf(scripts, [{ ...englishOnly(), ladder }, large()]);
    expect([...sessions.keys()]).toEqual(['whisper-toy.en']);
    const [heard] = await engine.transcribe([clip]);
    expect(heard).toMatchObject({ text: 'large', model: 'whisper-large' });
    expect([...sessions.keys()]).toEqual(['whisper-toy.en', 'whisper-large']);
    // An English-only model's audio is English to a multilingual one
    expect(sessions.get('whisper-large')!.requests[0]!.prompts).toEqual([[259, 260, 264, 267]]);
    await engine.close();
    expect([...sessions.values()].map(({ timesClosed }) => timesClosed())).toEqual([1, 1]);
    await expect(engine.transcribe([clip])).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('takes another one, or none, where that is asked for', async () => {
    const manifests = [{ ...englishOnly(), ladder }, large()];
    const none = await engineOf(scripts, manifests, { ladder: [] });
    expect((await none.engine.transcribe([clip]))[0]).toMatchObject({ text: 'small' });
    const strict = [{ model: 'whisper-large', averageLogprobBelow: -0.9 }];
    const other = await engineOf(scripts, manifests, { ladder: strict });
    expect((await other.engine.transcribe([clip]))[0]).toMatchObject({ text: 'small' });
    expect(none.engine.modelSha256).not.toBe(other.engine.modelSha256);
  });

  it('finds the next model inside the folder of the first', async () => {
    const parent = await folderOf(englishOnly());
    const modelFolder = join(parent, 'whisper-toy.en');
    await cp(await modelFolderOf(large()), join(modelFolder, 'ladder', 'whisper-large'), { recursive: true });
    const openSession = async () => fakeSession(() => sure).session;
    const engine = await createEngine({ modelFolder, ladder }, { openSession });
    await engine.close();
  });

  it.each<[string, Manifest, RegExp]>([
    ['cannot time words', large({ alignmentHeads: [] }), /cannot time words/],
    [
      'runs elsewhere',
      large({ graph: { ...large().graph, target: 'cuda' } }),
      /built for cuda and not for cpu/,
    ],
    ['knows fewer languages', large({ languages: { en: 260, de: 261 } }), /does not know ja/],
    ['knows English alone', large({ languages: {} }), /does not know en, de, ja/],
  ])('refuses a model that %s', async (_, next, message) => {
    await expect(engineOf(scripts, [manifestOf({ ladder }), next])).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  it('refuses itself, and a model that is not there', async () => {
    const itself = [{ model: 'whisper-toy', averageLogprobBelow: -0.5 }];
    await expect(engineOf(scripts, [manifestOf({ ladder: itself })])).rejects.toMatchObject({
      message: expect.stringContaining('stands below already'),
    });
    await expect(engineOf(scripts, [manifestOf({ ladder })])).rejects.toMatchObject({
      code: 'model-not-found',
      message: expect.stringContaining('names "whisper-large", which is not there'),
    });
  });

  it('fails with the segments that need a model whose files are damaged, not before', async () => {
    const { engine, parent } = await engineOf(scripts, [{ ...englishOnly(), ladder }, large()]);
    const graph = join(parent, 'whisper-large', 'model.onnx');
    const whole = await readFile(graph);
    await rm(graph);
    await expect(engine.transcribe([clip])).rejects.toMatchObject({ code: 'model-corrupt' });
    await writeFile(graph, whole);
    expect((await engine.transcribe([clip]))[0]).toMatchObject({ text: 'large' });
  });
});
