import { html, raw } from 'hono/html';
import type { ApiApp } from '../api-app.ts';
import { apiDocument, servedOperations } from '../api-document.ts';
import type { ApiTools } from '../api-tools.ts';
import { basePathOf } from '../base-path-of.ts';
import { LiveMessage } from '../contract/live-message.ts';

/** `/openapi.json` for programs, `/docs` for people. */
export function documentRoutes(app: ApiApp, { ports, settings }: ApiTools): void {
  const hasKeys = ports.keyRing !== undefined || ports.callerOf !== undefined;
  const hasReceiver = ports.receiver !== undefined;
  app.get('/openapi.json', (c) =>
    c.json(apiDocument(settings, { hasKeys, hasReceiver, basePath: basePathOf(c) })),
  );

  app.get('/docs', (c) => {
    c.header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    const rows = servedOperations(settings, { hasReceiver }).map(
      ({ method, path, summary, body = {} }) =>
        html`<tr><td><code>${method.toUpperCase()} ${path}</code></td><td>${summary}</td><td>${Object.keys(body).join(', ')}</td></tr>`,
    );
    return c.html(html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Murmuration: the API</title>
<style>${raw(style)}</style>
<main>
<h1>The API</h1>
<p>Point an SDK of OpenAI or Deepgram at this server, or use <code>curl</code>:</p>
<pre>curl ${new URL(c.req.url).origin}${basePathOf(c)}/v1/audio/transcriptions -F file=@talk.mp3 -F model=whisper-1 -F response_format=srt</pre>
<p>Every parameter and answer is in <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are
<code>{"error": {message, type, param, code}}</code>; each answer has an <code>x-request-id</code>.</p>
<h2 id="operations">Operations</h2>
<table><thead><tr><th>Operation</th><th>What it does</th><th>Body</th></tr></thead><tbody>${rows}</tbody></table>
<h2 id="live">Live speech</h2>
${settings.noRealtime === undefined ? liveOf(settings.realtimeUrl) : html`<p>${sentence(settings.noRealtime)}</p>`}
</main>
</html>`);
  });
}

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** @param elsewhere API Gateway's, which takes no bytes */
function liveOf(elsewhere: string | undefined) {
  const rows = LiveMessage.options.map(({ shape: { kind, ...fields } }) => {
    const names = Object.keys(fields).join(', ');
    return html`<tr><td><code>${kind.value}</code></td><td>${names}</td></tr>`;
  });
  const sent =
    elsewhere === undefined
      ? html`send 16 kHz mono s16le in binary frames, and <code>{"kind": "end"}</code> at last`
      : html`send 16 kHz mono s16le in texts of at most 32 KB, <code>{"kind": "audio", "index": 0, "audio": BASE64}</code>, numbered from 0,
and <code>{"kind": "end", "index": N}</code> at last`;
  return html`<p>Connect a WebSocket to <code>${elsewhere ?? '/v1/realtime'}?language=&amp;prompt=</code> with the protocol <code>murmuration</code>
(a browser sends its key as a second one, <code>murmuration-key.KEY</code>), ${sent}. Each frame that comes back is one object; times
are seconds from the first sample:</p>
<table><thead><tr><th>kind</th><th>Fields</th></tr></thead><tbody>${rows}</tbody></table>
<p>Final words never change; interim ones are all that is not sure yet. In full: <code>LiveMessage</code> and <code>LiveCommand</code> under
<code>components.schemas</code> of <a href="openapi.json">openapi.json</a>.</p>`;
}

const style = `:root{color-scheme:light dark;--paper:#f6f7f5;--ink:#1b2524;--accent:#0b6b66;--line:#d5dcd9}
@media(prefers-color-scheme:dark){:root{--paper:#10181a;--ink:#e6edeb;--accent:#5fd3c8;--line:#2f3d40}}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem clamp(1rem,4vw,2rem);background:var(--paper);color:var(--ink)}a{color:var(--accent)}
main{max-width:64rem;margin:auto}table{border-collapse:collapse;width:100%}th{text-align:left}
td,th{padding:.4rem .8rem .4rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid var(--line)}
@media(min-width:45rem){td:first-child{white-space:nowrap}}
@media(max-width:45rem){thead{display:none}td{display:block;border:0;padding:0;overflow-wrap:anywhere}td:first-child{padding-top:.8rem;font-weight:600}}`;
