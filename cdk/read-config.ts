import { Config } from './config.ts';
import { SettingError } from './setting-error.ts';

/** Settings of CDK itself and of other libraries carry a colon, an at sign or a slash; ours are plain words. */
const isOurs = (key: string) => /^[A-Za-z]\w*$/.test(key);

/** Reads the settings out of CDK context. Throws one `SettingError` that names every wrong key, its value and what to do. */
export function readConfig(context: Readonly<Record<string, unknown>>): Config {
  const given = Object.fromEntries(Object.entries(context).filter(([key]) => isOurs(key)));
  const parsed = Config.safeParse(given);
  const faults = parsed.success ? contradictions(parsed.data) : parsed.error.issues.flatMap(faultsOf(given));
  if (parsed.success && faults.length === 0) return parsed.data;
  const [first, ...more] = new Set(faults);
  if (more.length === 0) throw new SettingError(`${first}. change it ${WHERE}`);
  throw new SettingError([`settings are wrong, change them ${WHERE}:`, first, ...more].join('\n- '));
}

const WHERE = 'in cdk.json ("context") or by -c key=value';

type Issue = { readonly code?: string; readonly path: PropertyKey[]; readonly keys?: string[] };

const faultsOf =
  (given: Record<string, unknown>) =>
  (issue: Issue): string[] => {
    const [key] = issue.path;
    if (key === undefined) return (issue.keys ?? []).map(unknownSetting);
    const { description } = Config.shape[key as keyof Config];
    return [`${String(key)} is ${JSON.stringify(given[String(key)])}: it must be ${description}`];
  };

function unknownSetting(key: string): string {
  const names = Object.keys(Config.shape);
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const guess = nearest!.distance <= 3 ? `did you mean ${nearest!.name}?` : `there are: ${names.join(', ')}`;
  return `${key} is not a setting: ${guess}`;
}

/** What each value allows for itself but not together. */
function contradictions(config: Config): string[] {
  const { gpu, gpuImage, gpuMinInstances, gpuMaxInstances, cacheUrl, cacheTokenParameter, cacheTokenSecret } =
    config;
  const tokens = [cacheTokenParameter, cacheTokenSecret].filter((token) => token !== undefined).length;
  const rules: [broken: boolean, fault: string][] = [
    [
      gpu === 'on' && gpuImage === undefined,
      'gpu is "on" but gpuImage is not set: push the image of functions/transcribe-gpu to ECR and set gpuImage to "repository:tag"',
    ],
    [
      gpuMinInstances > gpuMaxInstances,
      `gpuMinInstances is ${gpuMinInstances}, more than gpuMaxInstances, ${gpuMaxInstances}: lower the one or raise the other`,
    ],
    [
      cacheUrl !== undefined && tokens !== 1,
      `cacheUrl is "${cacheUrl}" with ${tokens} tokens: set either cacheTokenParameter or cacheTokenSecret`,
    ],
    [
      cacheUrl === undefined && tokens > 0,
      `${cacheTokenParameter === undefined ? 'cacheTokenSecret' : 'cacheTokenParameter'} is set but cacheUrl is not: set cacheUrl to the REST URL, or remove the token`,
    ],
    [
      (config.api === 'jwt') !== (config.apiUserPool !== undefined),
      `api is "${config.api}" and apiUserPool is ${config.apiUserPool === undefined ? 'not set' : `"${config.apiUserPool}"`}: set both api=jwt and apiUserPool, or neither`,
    ],
    [
      config.api !== 'off' && config.cpuImage !== undefined,
      `api is "${config.api}" and cpuImage is "${config.cpuImage}": the API takes its model from models/artifacts, so build it there and remove cpuImage`,
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, fault]) => fault);
}

/** Letters to add, remove or change between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const above = row;
    row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      row.push(Math.min(row[j]! + 1, above[j + 1]! + 1, above[j]! + (letter === other ? 0 : 1)));
    }
  }
  return row[b.length]!;
}
