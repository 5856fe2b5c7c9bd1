import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startServer } from '../functions/transcribe-gpu/start-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const dockerfile = read('functions/transcribe-gpu/Dockerfile').replace(/ *\\\n */g, ' ');
const instructions = dockerfile.split('\n').filter((line) => /^[A-Z]/.test(line));
const allowed = read('functions/transcribe-gpu/Dockerfile.dockerignore')
  .split('\n')
  .flatMap((line) => (line.startsWith('!') ? [line.slice(1).replace(/\/\*\*$/, '')] : []));

/** From and to of what comes from this checkout. */
const copies = instructions
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
  .flatMap((line) => {
    const paths = line.split(' ').slice(1);
    const to = paths.pop()!;
    return paths.map((from) => ({ from, to: to.endsWith('/') ? join(to, from.split('/').at(-1)!) : to }));
  });

const folder = mkdtempSync(join(tmpdir(), 'murmuration-gpu-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `npm ci --omit=dev --omit=optional` installs. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: true; optional?: true; devOptional?: true; link?: true }>;
  };
  return Object.entries(packages).flatMap(([path, { dev, optional, devOptional, link }]) =>
    /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !(dev || optional || devOptional || link) ? [path] : [],
  );
}

/** The folder /app without Docker and without CUDA's libraries, with links to the packages that are installed here. */
function app(): string {
  for (const { from, to } of copies.filter(({ to }) => !to.startsWith('/'))) {
    cpSync(join(root, from), join(folder, to), { recursive: true });
  }
  for (const path of productionPackages()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
  mkdirSync(join(folder, 'node_modules/@murmuration'), { recursive: true });
  for (const name of readdirSync(join(folder, 'layers'))) {
    symlinkSync(join(folder, 'layers', name), join(folder, 'node_modules/@murmuration', name));
  }
  return folder;
}

describe("the GPU lane's image", () => {
  it('copies what is there, and what its .dockerignore lets through', () => {
    expect(copies.length).toBeGreaterThan(6);
    expect(copies.filter(({ from }) => !existsSync(join(root, from)))).toEqual([]);
    const isAllowed = (path: string) =>
      allowed.some((entry) => path === entry || path.startsWith(`${entry}/`));
    expect(copies.filter(({ from }) => !isAllowed(from))).toEqual([]);
    expect(allowed.filter((entry) => !copies.some(({ from }) => entry.startsWith(from)))).toEqual([]);
  });

  it('serves with the files and packages that it copies, and no others', async () => {
    const program = join(app(), 'functions/transcribe-gpu/server.mjs');
    expect(instructions).toContain('ENTRYPOINT ["node", "functions/transcribe-gpu/server.mjs"]');
    const server = startServer({ NODE_ENV: 'production' }, [], program);
    await server.ready();
    expect((await server.get('/ping')).status).toBe(200);
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('has the binary that calls onnxruntime in C, which npm takes for optional, and nothing else that is', () => {
    const binary = 'node_modules/@koromix/koffi-linux-x64';
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, object> };
    expect(packages[binary]).toMatchObject({ optional: true });
    const optional = instructions.filter((line) => line.includes('--from=optional'));
    expect(optional).toEqual([`COPY --from=optional /app/${binary} ${binary}`]);
  });

  it('builds on images of a digest each, which the build must give', () => {
    const stages = new Set<string>();
    for (const line of instructions.filter((line) => line.startsWith('FROM '))) {
      const [, base, name] = /^FROM (\S+)(?: AS (\S+))?$/.exec(line)!;
      const [, digest] = /@\$\{(\w+)\}$/.exec(base!) ?? [];
      // Without a default a build that forgets it fails
      if (digest === undefined) expect(stages).toContain(base);
      else expect(instructions).toContain(`ARG ${digest}`);
      if (name !== undefined) stages.add(name);
    }
    expect(stages).toContain('baked');
  });

  it('runs on Node 24, not as root, with the onnxruntime of the package for Node', () => {
    expect(dockerfile).toMatch(/^FROM node:24-/m);
    expect(dockerfile).toMatch(/^USER [1-9]\d+:[1-9]\d+$/m);
    const { version } = JSON.parse(read('node_modules/onnxruntime-node/package.json'));
    expect(read('functions/transcribe-gpu/cuda-libraries.txt')).toContain(`onnxruntime-gpu==${version} `);
    expect(dockerfile).toContain(`libonnxruntime.so.${version} `);
  });
});
