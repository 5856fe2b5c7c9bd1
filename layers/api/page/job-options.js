const KINDS = ['email', 'phone', 'card', 'ssn'];
/** What the field offers; any other that the model knows can be written. */
const LANGUAGES = [
  'English',
  'German',
  'French',
  'Spanish',
  'Italian',
  'Portuguese',
  'Dutch',
  'Polish',
  'Turkish',
];

/** What the person chose, as `POST /v1/jobs` takes it. `at` finds elements by id. */
export function jobOptions(at) {
  const language = at('language').value.trim();
  const hotwords = at('hotwords')
    .value.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  return {
    ...(language === '' ? {} : { language }),
    ...(hotwords.length === 0 ? {} : { hotwords }),
    ...(at('separate').checked ? { channels: 'separate' } : {}),
    ...(at('private').checked ? { redact: KINDS } : {}),
  };
}

export function offerLanguages(at) {
  const options = LANGUAGES.map((name) => Object.assign(document.createElement('option'), { value: name }));
  at('languages').replaceChildren(...options);
}
