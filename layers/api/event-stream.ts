import { describeError } from './contract/api-error-body.ts';

/** Server-sent events that can be written before anybody reads them. */
export interface EventStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Nothing where the reader has gone. */
  write(event: object): void;
  /** The last event, in the shape that OpenAI's SDKs throw. */
  fail(error: unknown, requestId: string): void;
  end(): void;
}

/** @param onGone the reader has gone, and nobody wants the rest */
export function eventStream(onGone: () => void): EventStream {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (started) => {
      controller = started;
    },
    cancel() {
      controller = undefined;
      onGone();
    },
  });
  const write = (event: object) => controller?.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
  const end = () => {
    controller?.close();
    controller = undefined;
  };
  return {
    body,
    write,
    end,
    fail(error, requestId) {
      write(describeError(error, requestId).body);
      end();
    },
  };
}
