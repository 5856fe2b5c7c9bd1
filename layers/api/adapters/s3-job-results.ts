import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { readableJson } from '@murmuration/pipeline/jobs/read-json';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { JobResults } from '../api-ports.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { JobItem, jobPlace } from './job-item.ts';

/** Transcripts as the pipeline delivered them. */
export function s3JobResults(table: DynamoTable, store: ObjectStore): JobResults {
  return {
    async read(owner, id) {
      const item = await table.get(jobPlace(owner, id));
      if (item === undefined) return undefined;
      return readableJson(store, keys.transcript(JobItem.parse(item).sourceKey, 'json'), Transcript);
    },
  };
}
