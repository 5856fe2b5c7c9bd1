import type { ApiPorts } from './api-ports.ts';
import type { ApiSettings } from './api-settings.ts';
import type { ApiTelemetry } from './api-telemetry.ts';
import type { Places } from './places.ts';

/** What routes are given. */
export interface ApiTools {
  readonly ports: ApiPorts;
  readonly settings: ApiSettings;
  readonly telemetry: ApiTelemetry;
  readonly places: Places;
}
