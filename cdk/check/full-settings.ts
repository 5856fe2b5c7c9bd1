/** Settings that switch everything on, for checks and tests of the template. */
export const fullSettings = {
  name: 'murmuration',
  gpu: 'on',
  gpuImage: 'murmuration-gpu:1',
  cacheUrl: 'https://example.upstash.io',
  cacheTokenParameter: '/murmuration/cache',
  alarmEmail: 'alarms@example.com',
  webhookSecretParameter: '/murmuration/webhooks',
  api: 'keys',
} as const;
