import { JobEnded, TranscriptReady } from '@murmuration/pipeline/contract/messages';
import { z } from 'zod';
import type { ApiApp } from '../api-app.ts';

/** What the kit tells of the end of a job: details of its events, and `data` of its webhooks. */
const schemas = { 'transcript-ready': TranscriptReady, 'job-failed': JobEnded } as const;

/** The published schemas of events, for those who take them from the event bus or by webhook. */
export function schemaRoutes(app: ApiApp): void {
  for (const [name, schema] of Object.entries(schemas)) {
    const document = { title: name, ...z.toJSONSchema(schema) };
    app.get(`/schemas/${name}.json`, (c) => c.json(document));
  }
}
