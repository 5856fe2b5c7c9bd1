import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ApiApp } from '../api-app.ts';
import type { Upload } from '../api-ports.ts';
import type { ApiTools } from '../api-tools.ts';
import { bodyChunks } from '../bodies/body-chunks.ts';
import { receiveJson } from '../bodies/receive-json.ts';
import { CompleteInput, UploadInput } from '../contract/job-input.ts';
import { resourceId } from '../contract/resource-id.ts';
import { createPlaces } from '../places.ts';

/** For recordings that are too large for a request: create, send the parts, complete. */
export function uploadRoutes(app: ApiApp, { ports, settings }: ApiTools): void {
  const { uploads, receiver, clock, newId } = ports;

  app.post('/v1/uploads', async (c) => {
    const { value } = await receiveJson(c.req.raw, UploadInput);
    if (value.size_bytes > settings.mostUploadBytes) {
      throw new MurmurationError(
        'body-too-large',
        `an upload may have ${Math.floor(settings.mostUploadBytes / 1e6)} MB: send less, or its address as file_url to POST /v1/jobs`,
        { details: { param: 'size_bytes' } },
      );
    }
    const upload = await uploads.create({
      id: resourceId('upload', clock(), newId()),
      owner: c.get('key').owner,
      name: value.name,
      sizeBytes: value.size_bytes,
    });
    return c.json(shown(upload), 201);
  });

  if (receiver !== undefined) {
    // Their own: an upload of hours takes none from those who wait for words
    const places = createPlaces(settings.mostAtOnce, clock);
    app.put('/v1/uploads/:id/content', async (c) => {
      const { owner } = c.get('key');
      const place = places.take(owner);
      try {
        const body = bodyChunks(c.req.raw, settings.mostUploadBytes, place);
        const etag = await receiver.receive(owner, c.req.param('id'), body);
        c.header('etag', `"${etag}"`);
        return c.json({ etag });
      } finally {
        place.release();
      }
    });
  }

  app.post('/v1/uploads/:id/complete', async (c) => {
    const { value } = await receiveJson(c.req.raw, CompleteInput);
    const id = c.req.param('id');
    await uploads.complete(c.get('key').owner, id, value.etags);
    return c.json({ id, object: 'upload', completed: true });
  });
}

function shown({ id, name, sizeBytes, parts, expiresAt }: Upload) {
  return {
    id,
    object: 'upload',
    name,
    size_bytes: sizeBytes,
    parts: parts.map(({ url, startByte, endByte }) => ({
      method: 'PUT',
      url,
      start_byte: startByte,
      end_byte: endByte,
    })),
    expires_at: Math.floor(expiresAt / 1000),
  };
}
