/** Text that a terminal may show: control characters, as a hostile file name can hold, become `�`. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}
