import { posix } from 'node:path';
import type { FoundImport } from './scan-imports.ts';

/** What layers that are not the pipeline may know of it. */
const pipelineForLayers = /^(contract\/.+|errors|no-telemetry|ports)$/;
/**
 * What the API may know besides: how transcripts are written and edited, what jobs are called, where things lie and what is
 * counted. It never hears anything itself: engines and decoders come to it through the ports that its doors wire.
 */
const pipelineForApi =
  /^(contract\/.+|errors|ports|keys|metrics|jobs\/(job-id|read-json)|(formats|captions|edits)\/.+)$/;
/** Who may call onnxruntime's C API. */
const cudaUsers = /^(functions\/transcribe-gpu|test)$/;
/** What the infrastructure may know of it. */
const pipelineForCdk = /^(keys|metrics)(\/.+)?$/;

/**
 * The rule of design.md that an import in `file` breaks, in words; undefined where it breaks none. `file` is relative
 * to the repository, with forward slashes.
 */
export function brokenRule(file: string, { specifier, typeOnly }: FoundImport): string | undefined {
  const from = roomOf(file);
  const layer = /^@murmuration\/([^/]+)\/?(.*)$/.exec(specifier);
  if (layer !== null) return brokenByLayer(from, layer[1]!, layer[2]!, typeOnly);
  if (!specifier.startsWith('.') && !specifier.startsWith('/')) return undefined;
  if (specifier.startsWith('/')) return 'paths of one machine are never imported';

  const target = posix.join(posix.dirname(file), specifier);
  if (target.startsWith('..')) return 'nothing outside the repository is imported';
  const to = roomOf(target);
  if (to.area === 'models') return 'models meets TypeScript only through manifest.json';
  if (to.room === from.room) return brokenInside(from.room, file, target);
  if (from.area === 'cdk' && /^functions\/[^/]+\/env\.ts$/.test(target)) {
    return typeOnly ? undefined : 'cdk imports only types from functions/*/env.ts';
  }
  if (from.area === 'functions' && to.area === 'functions') return 'functions never import functions';
  if (from.area === 'test' && (to.area === 'functions' || to.area === 'cdk')) return undefined;
  return `${from.room} reaches ${to.room} by a relative path: import a layer as @murmuration/<layer>/<file>, and nothing else`;
}

function brokenByLayer(from: Room, layer: string, path: string, typeOnly: boolean): string | undefined {
  const own = from.room === `layers/${layer}`;
  if (own) return 'inside a layer imports are relative';
  if (layer === 'cuda' && !cudaUsers.test(from.room)) {
    // It calls a C library at addresses: a mistake there ends the process, so few may hold it
    return 'only the GPU lane, and what measures it, calls onnxruntime in C';
  }
  if (from.area === 'functions' || from.area === 'test') return undefined;
  if (from.area === 'cdk') {
    if (layer === 'pipeline' && (pipelineForCdk.test(path) || typeOnly)) return undefined;
    return 'cdk imports only keys and metrics of the pipeline';
  }
  if (from.room === 'layers/pipeline') return 'the pipeline knows no other layer: the door wires them';
  if (layer !== 'pipeline') return 'layers import no layer but the pipeline';
  if (pipelineForLayers.test(path)) return undefined;
  if (from.room === 'layers/api') {
    return pipelineForApi.test(path)
      ? undefined
      : 'the API knows contract, errors, ports, formats, captions, edits, keys, metrics, job-id and read-json of the pipeline';
  }
  return 'layers import only contract, errors and ports of the pipeline';
}

function brokenInside(room: string, file: string, target: string): string | undefined {
  if (room !== 'layers/pipeline' || !file.startsWith(`${room}/steps/`)) return undefined;
  if (target.startsWith(`${room}/steps/`)) return 'steps never import steps';
  if (target.startsWith(`${room}/adapters/`)) return 'steps never import adapters';
  return undefined;
}

interface Room {
  /** Top folder. */
  readonly area: string;
  /** What is closed to relative imports: one layer, one function, or a whole area. */
  readonly room: string;
}

function roomOf(file: string): Room {
  const [area = '', name = ''] = file.split('/');
  return { area, room: area === 'layers' || area === 'functions' ? `${area}/${name}` : area };
}
