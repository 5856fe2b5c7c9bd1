/** What whoever deploys can put right: said in words, without where in the code it was found. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
