/** A figure that the GPU lane is to reach, and whether it did; undefined where it was not measured. */
export interface Goal {
  readonly goal: string;
  readonly reached: number | undefined;
  readonly met: boolean | undefined;
}

interface Size {
  readonly rows: number;
  readonly seconds: number;
  readonly alignment: boolean;
  readonly median: number;
  readonly realTime: number;
  readonly peakMebibytes: number;
}

/** The parts of a report that goals are about; each may be missing, or hold `failed`. */
interface Report {
  readonly bare?: {
    readonly loadMilliseconds: number;
    readonly firstRunMilliseconds: number;
    readonly latency: readonly Size[];
    readonly throughput: readonly Size[];
    readonly tenHoursSeconds: number;
  };
  /** Of a way that failed there is no figure. */
  readonly sessions?: readonly { readonly realTime?: number }[];
  readonly transformers?: readonly { readonly batch: number; readonly milliseconds: number }[];
  readonly server?: { readonly share: number };
  /** Through CUDA graphs, as one session on one GPU serves them; `words` is the loop. */
  readonly capturedWords?: { readonly clips: number; readonly equal: number; readonly equalAlone: number };
}

/** What issue 6 asks for beside what `report` has. The best of all numbers of sessions counts. */
export function goals(all: Readonly<Record<string, unknown>>): Goal[] {
  const report = Object.fromEntries(Object.entries(all).filter(([, part]) => !hasFailed(part))) as Report;
  const sizes = [...(report.bare?.latency ?? []), ...(report.bare?.throughput ?? [])].filter(
    ({ alignment }) => !alignment,
  );
  const latency = (seconds: number) =>
    least(sizes.filter((size) => size.rows === 1 && size.seconds === seconds).map(({ median }) => median));
  const ratios = (report.transformers ?? []).flatMap(({ batch, milliseconds }) => {
    const ours = least(
      sizes.filter((size) => size.rows === batch && size.seconds === 30).map(({ median }) => median),
    );
    return ours === undefined ? [] : [milliseconds / ours];
  });
  const { bare, server, capturedWords: words } = report;
  return [
    atLeast(
      'times real time, 4500',
      most([...sizes, ...(report.sessions ?? [])].flatMap(({ realTime }) => realTime ?? [])),
      4500,
    ),
    atLeast('times transformers at every batch, 2', least(ratios), 2),
    atMost('ms for 30 s, 60', latency(30), 60),
    atMost('ms for 5 s, 25', latency(15), 25),
    atMost(
      'MiB at 2500 times real time, 5531',
      least(sizes.filter(({ realTime }) => realTime >= 2500).map(({ peakMebibytes }) => peakMebibytes)),
      5531,
    ),
    atLeast('share of its engine that the server keeps, 0.85', server?.share, 0.85),
    atMost('s for 10 h, 12', bare?.tenHoursSeconds, 12),
    atMost(
      's to load and run once, 15',
      bare && (bare.loadMilliseconds + bare.firstRunMilliseconds) / 1000,
      15,
    ),
    atLeast('clips with equal tokens', words && Math.min(words.equal, words.equalAlone), words?.clips ?? 0),
  ];
}

const hasFailed = (part: unknown) => typeof part === 'object' && part !== null && 'failed' in part;
const least = (values: readonly number[]) => (values.length === 0 ? undefined : Math.min(...values));
const most = (values: readonly number[]) => (values.length === 0 ? undefined : Math.max(...values));

function atLeast(goal: string, reached: number | undefined, bound: number): Goal {
  return { goal, reached, met: reached === undefined ? undefined : reached >= bound };
}

function atMost(goal: string, reached: number | undefined, bound: number): Goal {
  return { goal, reached, met: reached === undefined ? undefined : reached <= bound };
}
