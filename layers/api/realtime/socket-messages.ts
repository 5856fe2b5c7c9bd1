/** What came over one connection, to be read by another process. */
export type SocketMessage =
  | { readonly kind: 'audio'; readonly index: number; readonly audio: Uint8Array }
  /** No more audio comes after the messages before it. */
  | { readonly kind: 'end'; readonly index: number }
  /** The connection is closed. */
  | { readonly kind: 'gone' };

/** What connections brought, for an hour at least. */
export interface SocketMessages {
  /**
   * False, and nothing kept, where another message has its index. @param sendingId of the message as it was sent: what is
   * put again by who put it is no other
   */
  put(connectionId: string, message: SocketMessage, sendingId: string): Promise<boolean>;
  /** From `index` on: by index, without those that are missing; then what has none. */
  read(connectionId: string, index: number): Promise<readonly SocketMessage[]>;
  /** True for the first who listens to this connection from `index` on: a call may come twice. */
  claim(connectionId: string, index: number): Promise<boolean>;
}

/** The way back to clients, for a process that does not hold their connections. */
export interface SocketReplies {
  /** False where the client is gone. */
  post(connectionId: string, text: string): Promise<boolean>;
  /** Does nothing where it is closed already. */
  close(connectionId: string): Promise<void>;
}
