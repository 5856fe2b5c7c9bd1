/** From `startSeconds` to before `endSeconds`. */
export interface Span {
  readonly startSeconds: number;
  readonly endSeconds: number;
}
