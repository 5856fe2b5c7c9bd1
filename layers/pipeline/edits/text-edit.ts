/** A stretch of a text, counted in UTF-16 units, and what is to stand there instead. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Finds what is to be changed in a text: in order, never overlapping, never empty. */
export type TextEdit = (text: string) => readonly TextChange[];
