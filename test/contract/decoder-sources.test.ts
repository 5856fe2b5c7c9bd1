import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RangeSource } from '@murmuration/pipeline/ports';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { adapters, audio, correlation, decodeAll, hasFfmpeg, jfk, mediaFolder } from './decoders.ts';

const media = mediaFolder();
beforeAll(() => {
  // No other test's spooled files
  process.env['TMPDIR'] = media.pathOf('spool');
  mkdirSync(media.pathOf('spool'));
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves on this machine until the test ends. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/talk%20one.bin?signature=secret`;
}

/** A server that knows ranges, as S3 does; it counts what was asked of it. */
function ranged(bytes: Buffer, asked: string[] = []): RequestListener {
  return (request, response) => {
    asked.push(request.headers.range ?? 'all');
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [start, end] = [Number(from), Math.min(to === '' ? bytes.length : Number(to) + 1, bytes.length)];
    response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}`, etag: '"one"' });
    response.end(bytes.subarray(start, end));
  };
}

function rangeSource(
  bytes: Buffer,
  read: RangeSource['read'] = async (start, end) => bytes.subarray(start, end),
) {
  return { name: 's3://bucket/talk', sizeBytes: bytes.length, read } satisfies RangeSource;
}

const spooled = () => readdirSync(media.pathOf('spool'));
const seconds = (samples: number) => samples / 16_000;

describe.each(adapters)('$name', ({ decoder, missing }) => {
  const refusal = (source: Parameters<typeof decodeAll>[1]) =>
    decodeAll(decoder, source).then(
      () => 'decoded',
      (error: unknown) => error,
    );

  describe.skipIf(missing)('reads the same sound from', () => {
    it.each(['jfk.flac', 'multilingual.mp3', 'wreck-a-nice-beach.wav'])(
      'a path, a stream, an address and bytes anywhere: %s',
      async (name) => {
        const path = join(audio, name);
        const bytes = readFileSync(path);
        const address = await serve(ranged(bytes));
        const fromPath = await decodeAll(decoder, path);
        for (const source of [createReadStream(path), address, new URL(address), rangeSource(bytes)]) {
          const { pcm, info, warnings } = await decodeAll(decoder, source);
          expect(info).toEqual(fromPath.info);
          expect(warnings).toEqual(fromPath.warnings);
          expect(Buffer.from(pcm.buffer).equals(Buffer.from(fromPath.pcm.buffer))).toBe(true);
        }
        expect(spooled()).toEqual([]);
      },
    );

    it.skipIf(!hasFfmpeg)('an m4a whose index comes last', async () => {
      const path = media.make('index-last.m4a', ['-c:a', 'aac']);
      const bytes = readFileSync(path);
      const { pcm } = await decodeAll(decoder, path);
      for (const source of [Readable.from([bytes]), rangeSource(bytes), await serve(ranged(bytes))]) {
        const read = await decodeAll(decoder, source);
        expect(read.warnings).toEqual([]);
        expect(correlation(read.pcm, pcm)).toBeGreaterThan(0.9999);
      }
    });

    it('an address whose server gives no ranges: it is spooled', async () => {
      const bytes = readFileSync(jfk);
      const { pcm } = await decodeAll(decoder, await serve((_, response) => response.end(bytes)));
      expect(pcm).toHaveLength(176_000);
      expect(spooled()).toEqual([]);
    });

    it('bytes anywhere, past a proxy that the environment names', async () => {
      process.env['http_proxy'] = 'http://127.0.0.1:9';
      try {
        expect((await decodeAll(decoder, rangeSource(readFileSync(jfk)))).pcm).toHaveLength(176_000);
      } finally {
        delete process.env['http_proxy'];
      }
    });

    it('an address that redirects', async () => {
      const target = await serve(ranged(readFileSync(jfk)));
      const address = await serve((_, response) => response.writeHead(302, { location: target }).end());
      expect((await decodeAll(decoder, address)).pcm).toHaveLength(176_000);
    });

    it('an address whose server fails once', async () => {
      const answer = ranged(readFileSync(jfk));
      let requests = 0;
      const address = await serve((request, response) => {
        requests += 1;
        if (requests === 2) response.writeHead(503).end();
        else answer(request, response);
      });
      expect((await decodeAll(decoder, address)).pcm).toHaveLength(176_000);
    });
  });

  describe.skipIf(missing)('refuses', () => {
    it.each([
      [404, 'file-not-found'],
      [410, 'file-not-found'],
      [403, 'media-unreadable'],
      [416, 'media-empty'],
      [500, 'media-unreadable'],
    ])('an address that answers %d, without telling its secrets', async (status, code) => {
      const address = await serve((_, response) => response.writeHead(status).end());
      const error = await refusal(address);
      expect(error).toMatchObject({ code });
      expect((error as Error).message).not.toContain('secret');
    });

    it('an address where nobody listens', async () => {
      const error = await refusal('http://127.0.0.1:9/talk.mp3');
      expect(error).toMatchObject({
        code: 'media-unreadable',
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });

    it.each([
      'http://169.254.169.254/latest/meta-data/',
      'http://[::ffff:169.254.169.254]/',
      'http://[fe80::1]/',
      'http://2852039166/',
    ])('%s, where clouds keep credentials', async (address) => {
      expect(await refusal(address)).toMatchObject({
        code: 'media-unreadable',
        message: expect.stringContaining('no address that may be asked'),
      });
    });

    it.each(['http://169.254.169.254/', `file://${jfk}`, 'ftp://example.com/talk'])(
      'a redirect to %s',
      async (location) => {
        const address = await serve((_, response) => response.writeHead(302, { location }).end());
        expect(await refusal(address)).toMatchObject({
          code: 'media-unreadable',
          message: expect.stringMatching(/no address that may be asked|not followed/),
        });
      },
    );

    it('an address that redirects for ever', async () => {
      const address = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
      expect(await refusal(address)).toMatchObject({
        message: expect.stringContaining('redirects more than'),
      });
    });

    it('an empty stream, and leaves no file', async () => {
      expect(await refusal(Readable.from([]))).toMatchObject({ code: 'media-empty' });
      await expect(decodeAll(decoder, Readable.from([]), { streamName: 'stdin' })).rejects.toThrow(
        '"stdin" is empty',
      );
      expect(await refusal(Readable.from([Buffer.from('no media at all')]))).toMatchObject({
        code: 'media-unreadable',
      });
      expect(spooled()).toEqual([]);
    });

    it('a stream that fails, and leaves no file', async () => {
      const bytes = readFileSync(jfk);
      const failing = Readable.from(
        (async function* () {
          yield bytes.subarray(0, 100_000);
          throw new Error('the line went dead');
        })(),
      );
      expect(await refusal(failing)).toMatchObject({
        code: 'media-unreadable',
        message: expect.stringContaining('the line went dead'),
      });
      expect(spooled()).toEqual([]);
    });

    it('a source that breaks before a second of it was heard', async () => {
      const bytes = readFileSync(jfk);
      const source = rangeSource(bytes, async (start, end) => {
        if (end > 50_000) throw new Error('access was revoked');
        return bytes.subarray(start, end);
      });
      expect(await refusal(source)).toMatchObject({
        code: 'media-unreadable',
        message: expect.stringContaining('access was revoked'),
      });
    });

    it('a source whose store says what its caller should do, however much was heard', async () => {
      const bytes = readFileSync(jfk);
      const error = new MurmurationError(
        'store-unavailable',
        'cannot read "talk" in S3: slow down. try again',
      );
      const source = rangeSource(bytes, async (start, end) => {
        if (end > 400_000) throw error;
        return bytes.subarray(start, end);
      });
      expect(await refusal(source)).toBe(error);
    });
  });

  describe.skipIf(missing)('gives what was heard, and a warning, of', () => {
    it('a source that breaks in the middle', async () => {
      const bytes = readFileSync(jfk);
      const source = rangeSource(bytes, async (start, end) => {
        if (end > 400_000) throw new Error('access was revoked');
        return bytes.subarray(start, end);
      });
      const { pcm, warnings } = await decodeAll(decoder, source);
      expect(seconds(pcm.length)).toBeGreaterThan(1);
      expect(seconds(pcm.length)).toBeLessThan(5);
      expect(warnings[0]).toMatch(/^broke off after [1-4]\.\d s of 11\.0 s: access was revoked$/);
    });

    it('a file that changes while it is read', async () => {
      const bytes = readFileSync(jfk);
      const answer = ranged(bytes);
      const address = await serve((request, response) => {
        const [, end = ''] = /-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        if (Number(end) > 400_000) response.end(bytes);
        else answer(request, response);
      });
      const { pcm, warnings } = await decodeAll(decoder, address);
      expect(seconds(pcm.length)).toBeLessThan(11);
      expect(warnings[0]).toMatch(/^broke off after .*: the file changed while it was read$/);
    });
  });

  describe.skipIf(missing)('stops', () => {
    it('spooling when the signal is aborted, and leaves no file', async () => {
      const stop = new AbortController();
      const endless = new Readable({ read() {} });
      endless.push(readFileSync(jfk));
      const decoding = decoder.decode(endless, stop.signal);
      setTimeout(() => stop.abort(), 50);
      await expect(decoding).rejects.toMatchObject({ code: 'aborted' });
      expect(spooled()).toEqual([]);
      expect(endless.destroyed).toBe(true);
    });

    it('waiting for a server when the signal is aborted', async () => {
      const stop = new AbortController();
      const address = await serve(() => setTimeout(() => stop.abort(), 20));
      await expect(decoder.decode(address, stop.signal)).rejects.toMatchObject({ code: 'aborted' });
    });

    it('and deletes what it spooled when the reader leaves early', async () => {
      const { blocks } = await decoder.decode(createReadStream(join(audio, 'multilingual.mp3')));
      for await (const _ of blocks) break;
      expect(spooled()).toEqual([]);
      expect(existsSync(join(audio, 'multilingual.mp3'))).toBe(true);
    });
  });

  it.skipIf(missing || !hasFfmpeg)(
    'holds little of what it fetches: a reader that waits makes it wait',
    async () => {
      const path = media.make(
        'long.wav',
        [],
        ['-f', 'lavfi', '-i', 'anoisesrc=duration=600:sample_rate=16000'],
      );
      const bytes = readFileSync(path);
      const asked: number[] = [];
      const source = rangeSource(bytes, async (start, end) => {
        asked.push(end);
        return bytes.subarray(start, end);
      });
      const { blocks } = await decoder.decode(source);
      let read = 0;
      for await (const block of blocks) {
        read += block.length;
        if (seconds(read) === 30) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          break;
        }
      }
      expect(bytes.length).toBeGreaterThan(19e6);
      // wav's header is looked at, then 1 MB of 30 s and what waits in windows and pipes
      expect(Math.max(...asked)).toBeLessThan(13e6);
    },
  );
});
