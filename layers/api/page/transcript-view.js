import { clockTime } from './clock-time.js';

/** Below this a word is marked: it may be another one. */
const UNSURE = 0.4;
/** A new paragraph begins where nobody speaks for so long, or a channel takes over. */
const PARAGRAPH_SECONDS = 1.2;
/** Where nobody pauses, it begins with the next sentence after so many words. */
const PARAGRAPH_WORDS = 60;

/** Shows a transcript whose words are lit as `player` plays, and play when they are clicked. */
export function transcriptView(region, player) {
  let words = [];
  let spans = [];
  let lit;
  let frame;
  // It scrolls, and takes the arrow keys
  region.tabIndex = 0;

  /** The last word that began by now: it stays lit through the pause after it. */
  function wordAt(seconds) {
    let low = 0;
    let high = words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (words[middle].startSeconds <= seconds) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  function light() {
    const index = wordAt(player.currentTime);
    if (spans[index] === lit) return;
    lit?.classList.remove('now');
    lit = spans[index];
    lit?.classList.add('now');
    if (lit) keepInSight(lit);
  }

  function keepInSight(span) {
    const [outer, inner] = [region.getBoundingClientRect(), span.getBoundingClientRect()];
    if (inner.top >= outer.top && inner.bottom <= outer.bottom) return;
    region.scrollTop += inner.top - outer.top - outer.height / 3;
  }

  function follow() {
    light();
    frame = player.paused ? undefined : requestAnimationFrame(follow);
  }

  function seek(index) {
    const word = words[Math.max(0, Math.min(words.length - 1, index))];
    if (word === undefined) return;
    player.currentTime = word.startSeconds + 0.001;
    light();
  }

  player.addEventListener('play', () => {
    cancelAnimationFrame(frame);
    follow();
  });
  player.addEventListener('seeked', light);
  region.addEventListener('click', ({ target }) => {
    const index = spans.indexOf(target);
    if (index < 0) return;
    seek(index);
    player.play().catch(() => {});
  });
  region.addEventListener('keydown', (event) => {
    const now = wordAt(player.currentTime);
    if (event.key === 'ArrowRight') seek(now + 1);
    else if (event.key === 'ArrowLeft') seek(now - 1);
    else if (event.key === ' ') player.paused ? player.play().catch(() => {}) : player.pause();
    else return;
    event.preventDefault();
  });

  return {
    playAt(seconds) {
      player.currentTime = seconds;
      player.play().catch(() => {});
    },

    show(transcript) {
      words = [];
      spans = [];
      lit = undefined;
      region.replaceChildren();
      region.lang = transcript.language;
      let paragraph;
      let length = 0;
      for (const segment of transcript.segments) {
        // Some models time no words
        const whole = { ...segment, text: ` ${segment.text}`, probability: 1 };
        const heard = segment.words ?? (segment.text.trim() === '' ? [] : [whole]);
        for (const word of heard) {
          const before = words.at(-1);
          const isNew =
            before === undefined ||
            before.channel !== segment.channel ||
            word.startSeconds - before.endSeconds > PARAGRAPH_SECONDS ||
            (length >= PARAGRAPH_WORDS && /[.?!。？！]["”’)]*$/.test(before.text));
          if (isNew) paragraph = addParagraph(word.startSeconds, segment.channel);
          length = isNew ? 1 : length + 1;
          paragraph.append(spanOf(word));
          words.push({ ...word, channel: segment.channel });
        }
      }
      if (words.length > 0) return;
      region.lang = 'en';
      region.textContent = 'Nobody says anything in this recording.';
    },
  };

  function addParagraph(startSeconds, channel) {
    const [row, time, text] = ['p', 'time', 'span'].map((name) => document.createElement(name));
    // Some languages are written from the right
    text.dir = 'auto';
    time.textContent = clockTime(startSeconds);
    row.append(time, text);
    if (channel !== undefined) text.append(`Channel ${channel + 1}:`);
    region.append(row);
    return text;
  }

  function spanOf({ text, probability }) {
    const span = document.createElement('span');
    span.className = probability < UNSURE ? 'word unsure' : 'word';
    if (probability < UNSURE) span.title = `The model gives this word ${Math.round(probability * 100)} %`;
    span.textContent = text.trim();
    spans.push(span);
    const piece = document.createDocumentFragment();
    piece.append(text.startsWith(' ') ? ' ' : '', span);
    return piece;
  }
}
