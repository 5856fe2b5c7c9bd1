import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { JobEnded, TranscriptReady } from '@murmuration/pipeline/contract/messages';

/** Tells of a job's end on the bus. Throws where EventBridge did not take the event, which it says by a count alone. */
export async function tellEnd(
  end: TranscriptReady | JobEnded,
  bus: string,
  client: EventBridgeClient,
): Promise<void> {
  const event = { Source: 'murmuration', DetailType: end.kind, Detail: JSON.stringify(end) };
  const { FailedEntryCount = 0, Entries = [] } = await client.send(
    new PutEventsCommand({ Entries: [{ ...event, EventBusName: bus }] }),
  );
  if (FailedEntryCount === 0) return;
  const [{ ErrorCode, ErrorMessage } = {}] = Entries;
  throw new Error(`bus "${bus}" did not take ${end.kind}: ${ErrorCode}: ${ErrorMessage}`);
}
