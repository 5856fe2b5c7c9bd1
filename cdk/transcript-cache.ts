import type { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';

/** An Upstash Redis of one's own, reached over REST: nothing is made in the account. */
export interface TranscriptCacheProps {
  readonly url: string;
  /** A secret, or a SecureString, which costs nothing. It is read when a door starts, never written into the template. */
  readonly token: ISecret | IStringParameter;
  /** How long a transcript is kept. */
  readonly ttl: Duration;
}

/** What a door's environment says of the cache; nothing for none. */
export function cacheEnvironment(cache: TranscriptCacheProps | undefined): Record<string, string> {
  if (cache === undefined) return {};
  const { url, token, ttl } = cache;
  return {
    CACHE_URL: url,
    ...('secretArn' in token
      ? { CACHE_TOKEN_SECRET_ARN: token.secretArn }
      : { CACHE_TOKEN_PARAMETER: token.parameterName }),
    CACHE_TTL_SECONDS: String(ttl.toSeconds()),
  };
}

/** Lets a door read the cache's token. */
export function grantCache(cache: TranscriptCacheProps | undefined, grantee: IGrantable): void {
  cache?.token.grantRead(grantee);
}
