import type { Clock } from '@murmuration/pipeline/ports';
import type { Streams } from '../api-ports.ts';
import { STREAMS_AT_ONCE } from '../contract/api-key.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** A listener that died keeps its place no longer. A minute of it a stream may wait for its function. */
const LEASE_SECONDS = 120;

const placeOf = (keyId: string, place: number) => ({ pk: `streams#${keyId}`, sk: `place#${place}` });

/** As many places for each key as it may have streams, in the API's table: of two who want the last one, one has it. */
export function dynamoStreams(table: DynamoTable, clock: Clock): Streams {
  const nowSeconds = () => Math.floor(clock() / 1000);
  const until = (keyId: string, place: number, streamId: string, expiresAt: number) =>
    table.change(placeOf(keyId, place), {
      update: 'SET expiresAt = :until',
      condition: 'streamId = :stream',
      values: { ':until': expiresAt, ':stream': streamId },
    });
  return {
    async open({ id, streamsAtOnce = STREAMS_AT_ONCE }, streamId) {
      for (let place = 0; place < streamsAtOnce; place++) {
        const now = nowSeconds();
        const item = { ...placeOf(id, place), streamId, expiresAt: now + LEASE_SECONDS };
        if (await table.putNew(item, now)) return place;
      }
      return undefined;
    },
    async keep({ id }, streamId, place) {
      await until(id, place, streamId, nowSeconds() + LEASE_SECONDS);
    },
    async close({ id }, streamId, place) {
      await until(id, place, streamId, nowSeconds());
    },
  };
}
