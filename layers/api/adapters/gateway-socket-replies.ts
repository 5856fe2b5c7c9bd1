import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { SocketReplies } from '../realtime/socket-messages.ts';

/** Over API Gateway. @param endpoint https address of a stage, to which it adds `/@connections` */
export function gatewaySocketReplies(
  endpoint: string,
  client = new ApiGatewayManagementApiClient({ endpoint }),
): SocketReplies {
  return {
    post: (ConnectionId, text) =>
      client
        .send(new PostToConnectionCommand({ ConnectionId, Data: new TextEncoder().encode(text) }))
        .then(() => true, unlessGone),
    async close(ConnectionId) {
      await client.send(new DeleteConnectionCommand({ ConnectionId })).catch(unlessGone);
    },
  };
}

function unlessGone(error: unknown): false {
  if (error instanceof GoneException) return false;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  throw new MurmurationError('store-unavailable', `API Gateway cannot be reached: ${reason}. try again`, {
    cause: error,
  });
}
