import type { Manifest } from './manifest.ts';

/** Tokens whose probability every run asks for: no speech, then the languages. */
export function probeTokens(manifest: Pick<Manifest, 'tokens' | 'languages'>): number[] {
  return [manifest.tokens.noSpeech, ...Object.values(manifest.languages)];
}
