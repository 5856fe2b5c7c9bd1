/** What readers call a channel: people count from 1. */
export function channelLabel(channel: number): string {
  return `Channel ${channel + 1}`;
}
