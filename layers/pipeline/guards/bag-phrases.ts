import { saidWords } from './said-words.ts';

// What Whisper writes over silence and music: closing words and credits, learnt from subtitles of videos. After the "bag of
// hallucinations" of arXiv 2501.11378, in the languages where Whisper is known for it.
const creditPhrases = [
  'Thank you for watching',
  'Thanks for watching',
  'Thank you so much for watching',
  'Thank you very much for watching',
  'Thanks for watching and see you next time',
  'Thank you for watching and see you in the next video',
  "Thanks for watching and I'll see you in the next video",
  "I'll see you in the next video",
  'See you in the next video',
  'Please subscribe',
  'Please subscribe to my channel',
  'Please subscribe to our channel',
  'Please like and subscribe',
  "Don't forget to like and subscribe",
  'Like and subscribe',
  'Subtitles by the Amara.org community',
  'Subtitles by',
  'Subtitles by DimaTorzok',
  'Transcription by CastingWords',
  'Transcribed by https://otter.ai',
  'Translated by Amara.org community',
  'Copyright Australian Broadcasting Corporation',
  'www.mooji.org',
  // German
  'Untertitel der Amara.org-Community',
  'Untertitel von Stephanie Geiges',
  'Untertitelung des ZDF',
  'Untertitelung des ZDF für funk',
  'Untertitel im Auftrag des ZDF für funk',
  'Untertitelung im Auftrag des ZDF',
  'Copyright WDR',
  'SWR 2020',
  'Vielen Dank fürs Zuschauen',
  'Danke fürs Zuschauen',
  // French
  "Sous-titres réalisés par la communauté d'Amara.org",
  "Sous-titres réalisés para la communauté d'Amara.org",
  'Sous-titres par Amara.org',
  'Sous-titrage Société Radio-Canada',
  'Sous-titrage ST 501',
  "Merci d'avoir regardé cette vidéo",
  'Abonnez-vous',
  // Spanish and Portuguese
  'Subtítulos realizados por la comunidad de Amara.org',
  'Subtítulos por la comunidad de Amara.org',
  'Suscríbete al canal',
  'Gracias por ver el video',
  'Legendas pela comunidade Amara.org',
  'Legendas pela comunidade das Amara.org',
  'Obrigado por assistir',
  'Inscreva-se no canal',
  // Italian
  'Sottotitoli creati dalla comunità Amara.org',
  'Sottotitoli e revisione a cura di QTSS',
  'Grazie per aver guardato il video',
  // Dutch, Polish, Turkish
  'Ondertitels ingediend door de Amara.org gemeenschap',
  'Ondertiteld door de Amara.org gemeenschap',
  'Bedankt voor het kijken',
  'Napisy stworzone przez społeczność Amara.org',
  'İzlediğiniz için teşekkür ederim',
  'Altyazı M.K.',
  // Russian, Ukrainian
  'Субтитры сделал DimaTorzok',
  'Субтитры создавал DimaTorzok',
  'Субтитры подогнал Симон',
  'Редактор субтитров А.Синецкая Корректор А.Егорова',
  'Продолжение следует',
  'Спасибо за просмотр',
  'Дякую за перегляд',
  // Chinese, Japanese, Korean
  '请不吝点赞 订阅 转发 打赏支持明镜与点点栏目',
  '請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目',
  '字幕由Amara.org社区提供',
  '字幕由 Amara.org 社群提供',
  '谢谢观看',
  '謝謝觀看',
  'ご視聴ありがとうございました',
  'ご視聴いただきありがとうございました',
  'チャンネル登録お願いします',
  '最後までご視聴いただき本当にありがとうございました',
  '시청해주셔서 감사합니다',
  '구독과 좋아요 부탁드립니다',
  'MBC 뉴스 이덕영입니다',
  // Arabic, Hindi
  'اشتركوا في القناة',
  'ترجمة نانسي قنقر',
  'देखने के लिए धन्यवाद',
];

// What people say every day: invented only where nobody spoke
const everydayPhrases = [
  'you',
  'thank you',
  'thank you very much',
  'thanks',
  'bye',
  'bye bye',
  'okay',
  'so',
  'oh',
  'uh',
  'hmm',
  'the end',
  'see you next time',
  'the',
  'i',
  'vielen dank',
  'danke',
  'bis zum nächsten mal',
  'tschüss',
  'merci',
  'gracias',
  'obrigado',
  'grazie',
  'спасибо',
  'ありがとうございました',
  '谢谢',
  '谢谢大家',
  'dziękuję za uwagę',
  '감사합니다',
];

interface BagPhrase {
  readonly words: readonly string[];
  readonly kind: 'credit' | 'everyday';
}

const said = (text: string) => saidWords(text).map((word) => word.normal);
const bag: readonly BagPhrase[] = [
  ...creditPhrases.map((text) => ({ words: said(text), kind: 'credit' as const })),
  ...everydayPhrases.map((text) => ({ words: said(text), kind: 'everyday' as const })),
  // The longest first, so that it is not taken for a shorter one and a rest
].sort((a, b) => b.words.length - a.words.length);

/**
 * Whether a text is nothing but phrases that Whisper invents: `credit` where a video's closing words are among them,
 * `everyday` where people might well have said all of them.
 */
export function bagPhrase(text: string): 'credit' | 'everyday' | undefined {
  const words = said(text);
  let kind: 'credit' | 'everyday' | undefined;
  for (let next = 0; next < words.length; ) {
    const found = bag.find((phrase) => phrase.words.every((word, index) => words[next + index] === word));
    if (found === undefined) return undefined;
    if (kind !== 'credit') kind = found.kind;
    next += found.words.length;
  }
  return kind;
}
