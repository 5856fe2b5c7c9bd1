/** US dollars, us-east-1, on demand, written down in November 2026: cdk/README.md says where from. For estimates only. */
export const pricePerSecond = {
  /** An ml.g6.xlarge of SageMaker: $1.1267 an hour. */
  gpu: 1.1267 / 3600,
  /** Lambda on x86_64: $0.0000166667 for a GB-second. */
  lambdaMebibyte: 0.0000166667 / 1024,
} as const;
