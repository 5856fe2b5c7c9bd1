import type { Context, Hono } from 'hono';
import type { ApiKey } from './contract/api-key.ts';

export interface ApiEnv {
  Variables: { requestId: string; key: ApiKey };
}
export type ApiApp = Hono<ApiEnv>;
export type ApiContext = Context<ApiEnv>;
