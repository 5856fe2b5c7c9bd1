/** A recording with what is said in it. */
export interface Reference {
  /** As the manifest names it. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
  /** As the manifest names it; `und` where several are spoken. */
  readonly language?: string;
}
