/** Where something private stands in a text, in UTF-16 units. */
export interface FoundSpan {
  readonly start: number;
  readonly end: number;
}
