import { buildCaptions } from '../captions/build-captions.ts';
import type { Caption, CaptionLine } from '../captions/caption.ts';
import type { Transcript } from '../contract/transcript.ts';
import { channelLabel } from './channel-label.ts';
import { timestamp } from './timestamp.ts';
import type { WriteOptions } from './write-options.ts';

/**
 * WebVTT (w3.org/TR/webvtt1); cue text is escaped, so that `<i>` or `-->` is read as it was said. Channels are voices.
 * With `highlightWords` each word has its time, which players style by `::cue(:past)` and `::cue(:future)`.
 */
export function writeVtt(
  transcript: Transcript,
  { captions, highlightWords = false }: WriteOptions = {},
): string {
  const cues = buildCaptions(transcript, captions).map((caption) => {
    const { startSeconds, endSeconds, lines, channel } = caption;
    const voice = channel === undefined ? '' : `<v ${channelLabel(channel)}>`;
    const write = highlightWords ? highlighter(caption) : ({ text }: CaptionLine) => escaped(text);
    const text = lines.map(write).join('\n');
    return `${timestamp(startSeconds, '.')} --> ${timestamp(endSeconds, '.')}\n${voice}${text}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

/** Writes a caption's lines, in order, with a time before each word that starts later than the one before it. */
function highlighter({ startSeconds, endSeconds }: Caption): (line: CaptionLine) => string {
  // The times in a cue must rise and lie inside it
  let clock = Math.round(startSeconds * 1000);
  const limit = Math.round(endSeconds * 1000);
  return ({ text, words }) => {
    if (words.length === 0) return escaped(text);
    const marked = words.map((word, index) => {
      const open = index === 0 ? word.text.trimStart() : word.text;
      const shown = index === words.length - 1 ? open.trimEnd() : open;
      const start = Math.round(word.startSeconds * 1000);
      if (start <= clock || start >= limit) return escaped(shown);
      clock = start;
      return `<${timestamp(start / 1000, '.')}><c>${escaped(shown)}</c>`;
    });
    return marked.join('');
  };
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const escaped = (text: string) => text.replace(/[&<>]/gu, (mark) => escapes[mark]!);
