/** How much is measured; DRY_RUN=1 only shows on a processor that every part runs through. */
export const workload =
  process.env['DRY_RUN'] === undefined
    ? {
        tokens: 100,
        shortTokens: 25,
        latencyRuns: 25,
        wordRuns: 3,
        throughputRuns: 5,
        throughputRows: [8, 16, 20, 24, 32, 64, 96, 128],
        wideRows: [16, 64],
        capturedRows: [8, 32, 64, 128],
        sessionRows: [64, 128],
        sessionRuns: 8,
        tenHoursSeconds: 36_000,
        clients: 32,
        requestsPerClient: 4,
        serverRows: 64,
        transformersBatches: '1,64,128',
        provider: 'cuda',
      }
    : {
        tokens: 6,
        shortTokens: 3,
        latencyRuns: 2,
        wordRuns: 1,
        throughputRuns: 1,
        throughputRows: [1, 2],
        wideRows: [1, 2],
        capturedRows: [3],
        sessionRows: [1],
        sessionRuns: 2,
        tenHoursSeconds: 120,
        clients: 2,
        requestsPerClient: 1,
        serverRows: 2,
        transformersBatches: '1',
        provider: 'cpu',
      };
