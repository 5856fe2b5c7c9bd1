import { html, raw } from 'hono/html';
import type { ApiApp } from '../api-app.ts';
import { apiDocument } from '../api-document.ts';
import { apiOperations } from '../api-operations.ts';
import type { ApiTools } from '../api-tools.ts';
import { LiveMessage } from '../contract/live-message.ts';

/** `/openapi.json` for programs, `/docs` for people. */
export function documentRoutes(app: ApiApp, { ports, settings }: ApiTools): void {
  const document = apiDocument(settings, ports.keyRing !== undefined || ports.callerOf !== undefined);
  app.get('/openapi.json', (c) => c.json(document));

  app.get('/docs', (c) => {
    c.header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    const rows = apiOperations.map(
      ({ method, path, summary, body = {} }) =>
        html`<tr><td><code>${method.toUpperCase()} ${path}</code></td><td>${summary}</td><td>${Object.keys(body).join(', ')}</td></tr>`,
    );
    const messages = LiveMessage.options.map(({ shape: { kind, ...fields } }) => {
      const names = Object.keys(fields).join(', ');
      return html`<tr><td><code>${kind.value}</code></td><td>${names}</td></tr>`;
    });
    return c.html(html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Murmuration: the API</title>
<style>${raw(style)}</style>
<main>
<h1>The API</h1>
<p>Point an SDK of OpenAI or Deepgram at this server, or use <code>curl</code>:</p>
<pre>curl ${new URL(c.req.url).origin}/v1/audio/transcriptions -F file=@talk.mp3 -F model=whisper-1 -F response_format=srt</pre>
<p>Every parameter and answer is in <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are
<code>{"error": {message, type, param, code}}</code>; each answer has an <code>x-request-id</code>.</p>
<h2 id="operations">Operations</h2>
<table><thead><tr><th>Operation</th><th>What it does</th><th>Body</th></tr></thead><tbody>${rows}</tbody></table>
<h2 id="live">Live speech</h2>
<p>Connect a WebSocket to <code>/v1/realtime?language=&amp;prompt=</code> with the protocol <code>murmuration</code> (a browser sends its key as
a second one, <code>murmuration-key.KEY</code>), send 16 kHz mono s16le in binary frames, and <code>{"kind": "end"}</code> at last. Each frame
that comes back is one object; times are seconds from the first sample:</p>
<table><thead><tr><th>kind</th><th>Fields</th></tr></thead><tbody>${messages}</tbody></table>
<p>Final words never change; interim ones are all that is not sure yet. In full: <code>LiveMessage</code> and <code>LiveCommand</code> under
<code>components.schemas</code> of <a href="openapi.json">openapi.json</a>.</p>
</main>
</html>`);
  });
}

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem clamp(1rem,4vw,2rem)}
main{max-width:64rem;margin:auto}table{border-collapse:collapse;width:100%}th{text-align:left}
td,th{padding:.4rem .8rem .4rem 0;vertical-align:top;border-bottom:1px solid #8885}pre{overflow-x:auto;padding:1rem;background:#8882}
@media(min-width:45rem){td:first-child{white-space:nowrap}}
@media(max-width:45rem){thead{display:none}td{display:block;border:0;padding:0;overflow-wrap:anywhere}td:first-child{padding-top:.8rem;font-weight:600}}`;
