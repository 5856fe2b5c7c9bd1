import { clockTime } from './clock-time.js';

const reasons = {
  'no-speech': 'the model itself says that nobody spoke',
  'no-voice': 'no voice was heard there',
  'bag-phrase': 'a phrase that Whisper invents where nobody speaks',
  'words-per-second': 'more words than anybody says in that time',
  'repeated-phrase': 'the model fell into a loop',
  repetition: 'the model may have fallen into a loop',
  'low-probability': 'the model is not sure of it',
  'other-language': 'the language was only guessed there',
  'not-transcribed': 'it could not be transcribed: a gap',
};

/** Lists what was left out, what is doubtful, and what was damaged in the recording; `play` plays from a second on. */
export function showFindings({ findings, warnings }, { details, title, list, play }) {
  const dropped = findings.filter(({ kind }) => kind === 'dropped').length;
  const counts = [
    [dropped, 'left out'],
    [findings.length - dropped, 'doubtful'],
    [warnings.length, 'damaged'],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const isClean = findings.length + warnings.length === 0;
  title.textContent = isClean ? 'Nothing was left out, nothing is doubtful' : parts.join(', ');
  details.open = dropped > 0;
  list.replaceChildren(
    ...warnings.map((warning) => itemOf([warning])),
    ...findings.map(({ kind, reason, startSeconds, endSeconds, text }) => {
      const quote = document.createElement('q');
      quote.textContent = text.trim();
      const place = document.createElement('button');
      place.type = 'button';
      place.className = 'place';
      place.textContent = `${clockTime(startSeconds)} to ${clockTime(endSeconds)}`;
      place.setAttribute('aria-label', `Play ${place.textContent}`);
      place.onclick = () => play(startSeconds);
      const verb = document.createElement('strong');
      verb.className = kind;
      verb.textContent = kind === 'dropped' ? 'Left out' : 'Doubtful';
      const why = ` ${reasons[reason] ?? reason}. `;
      return itemOf([verb, ' ', place, why, text.trim() === '' ? '' : quote]);
    }),
  );
  if (isClean) list.replaceChildren(itemOf(['Every stretch with a voice has its words.']));
}

function itemOf(contents) {
  const item = document.createElement('li');
  item.append(...contents);
  return item;
}
