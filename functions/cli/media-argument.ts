/** What a person calls a recording: a path or an http(s) address. */
export interface MediaArgument {
  readonly source: string | URL;
  /** For messages and file names: without the query of an address, which may hold a signature. */
  readonly name: string;
}

export function mediaArgument(written: string): MediaArgument {
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) return { source: written, name: written };
  const url = new URL(written);
  return { source: url, name: `${url.origin}${url.pathname}` };
}
