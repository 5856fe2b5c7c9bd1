import { blocksOf, type Cue, secondsOf } from './cue.ts';

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&nbsp;': '\u00A0',
};

/** Reads WebVTT as w3.org/TR/webvtt1 tells players to: tags are markup, entities are not. Throws without its header. */
export function parseVtt(file: string): Cue[] {
  const [header, ...blocks] = blocksOf(file);
  if (header === undefined || !/^WEBVTT(?:[ \t]|$)/.test(header[0]!)) throw new Error('no WEBVTT header');
  return blocks.flatMap((block) => {
    const at = block.findIndex((line) => line.includes('-->'));
    // A comment, a style or a region
    if (at < 0) return [];
    const found = /^(\S+)[ \t]+-->[ \t]+(\S+)/.exec(block[at]!);
    if (at > 1 || found === null) throw new Error(`not a cue: ${JSON.stringify(block)}`);
    const text = block.slice(at + 1).join('\n');
    if (text.includes('-->')) throw new Error(`an arrow in the text: ${JSON.stringify(block)}`);
    const tags = [...text.matchAll(/<([^>]*)>/g)].map(([, tag]) => tag!);
    const voice = tags.find((tag) => tag.startsWith('v '))?.slice(2);
    const wordSeconds = tags.filter((tag) => /^\d/.test(tag)).map(secondsOf);
    return {
      startSeconds: secondsOf(found[1]!),
      endSeconds: secondsOf(found[2]!),
      lines: text
        .replace(/<[^>]*>?/g, '')
        .replace(/&(?:amp|lt|gt|nbsp);/g, (entity) => entities[entity]!)
        .split('\n'),
      ...(voice !== undefined && { voice }),
      ...(wordSeconds.length > 0 && { wordSeconds }),
    };
  });
}
