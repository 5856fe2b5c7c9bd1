/** As API Gateway tells a request, as far as it concerns us. */
interface GatewayEvent {
  readonly httpMethod?: string | undefined;
  readonly body?: string | null | undefined;
}

/** The event without a body that nobody reads: of GET and HEAD no `Request` can be made that has one, and none would answer. */
export function bodilessEvent<Event extends GatewayEvent>(event: Event): Event {
  const hasNoBody = event.httpMethod === 'GET' || event.httpMethod === 'HEAD';
  return hasNoBody ? { ...event, body: null } : event;
}
