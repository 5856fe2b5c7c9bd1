import type { RunRequest, RunResult, Session } from '@murmuration/whisper/graph-run';

/** What the graph is to write for one row. */
export interface RowScript {
  /** Text tokens. */
  readonly tokens: readonly number[];
  /** Of each text token and of the end. @default -0.2 */
  readonly logprob?: number;
  /** Of no speech, then of the languages. @default 0 */
  readonly probes?: readonly number[];
}

/** A session that plays `script` for each row and keeps the requests; the chosen language is the likeliest probe. */
export function fakeSession(script: (request: RunRequest, row: number) => RowScript, endOfText = 258) {
  const requests: RunRequest[] = [];
  let closed = 0;
  const session: Session = {
    async run(request) {
      if (closed > 0) throw new Error('run after close');
      requests.push(request);
      return play(request, script, endOfText);
    },
    async close() {
      closed++;
    },
  };
  return { session, requests, timesClosed: () => closed };
}

function play(
  request: RunRequest,
  script: (request: RunRequest, row: number) => RowScript,
  endOfText: number,
): RunResult {
  const rows = Array.from({ length: request.rows }, (_, row) => {
    const { tokens, logprob = -0.2, probes = [] } = script(request, row);
    const all = [...request.forced.map((token) => Math.max(0, token)), ...tokens, endOfText];
    return { tokens: all.slice(0, request.maxNewTokens[row]), logprob, probes };
  });
  const steps = Math.max(...rows.map((row) => row.tokens.length));
  const cells = rows.flatMap((row) =>
    Array.from({ length: steps }, (_, step) => ({
      token: row.tokens[step] ?? endOfText,
      logprob: step < request.forced.length || step >= row.tokens.length ? 0 : row.logprob,
    })),
  );
  return {
    steps,
    tokens: BigInt64Array.from(cells, (cell) => BigInt(cell.token)),
    logprobs: Float32Array.from(cells, (cell) => cell.logprob),
    probes: Float32Array.from(
      rows.flatMap((row) => request.probeTokens.map((_, index) => row.probes[index] ?? 0)),
    ),
    alignment: request.alignment
      ? {
          kind: 'weights',
          data: new Float32Array(steps * rows.length * 1500).fill(1 / 1500),
          heads: 1,
          positions: 1500,
        }
      : { kind: 'weights', data: [], heads: 1, positions: 0 },
  };
}
