/**
 * Settings of the service. Each has a default; a `BRICKLAYERS_*` variable beats the default, an option beats both.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How the service runs. */
export interface Settings {
  /** Address to listen on. */
  readonly host: string;
  /** First port to try. */
  readonly port: number;
  /** How many ports after `port` are tried when it is taken; 0 insists on `port`. */
  readonly portTries: number;
  /** Uploads and outputs lie under it; empty means a folder of this port's in the temporary folder. */
  readonly dataDir: string;
  /** Metrics of all processes lie in it; empty leaves the choice to the metrics client. */
  readonly metricsDir: string;
  readonly uploadBytesMax: number;
  /** Processes that transform G-code. */
  readonly workers: number;
  /** Jobs that may wait; more are refused. */
  readonly pendingJobsMax: number;
  readonly jobTimeoutMs: number;
  /** Age at which the cleanup service removes a file. */
  readonly retentionMs: number;
  readonly cleanupIntervalMs: number;
}

/** A setting that cannot be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS_INVALID';
}

interface NumberSetting {
  readonly variable: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  /** What one unit of the variable is in the unit of the setting; 1 where they are the same. */
  readonly scale: number;
  /** Whether only whole numbers make sense. */
  readonly whole: boolean;
}

const DAY_SECONDS = 86_400;

const NUMBERS = {
  port: { variable: 'BRICKLAYERS_PORT', fallback: 8000, min: 0, max: 65_535, scale: 1, whole: true },
  portTries: { variable: 'BRICKLAYERS_PORT_TRIES', fallback: 50, min: 0, max: 1000, scale: 1, whole: true },
  uploadBytesMax: {
    variable: 'BRICKLAYERS_UPLOAD_BYTES_MAX',
    fallback: 100_000_000,
    min: 1,
    max: 10_000_000_000,
    scale: 1,
    whole: true,
  },
  workers: { variable: 'BRICKLAYERS_WORKERS', fallback: 2, min: 1, max: 64, scale: 1, whole: true },
  pendingJobsMax: {
    variable: 'BRICKLAYERS_PENDING_JOBS_MAX',
    fallback: 1000,
    min: 1,
    max: 100_000,
    scale: 1,
    whole: true,
  },
  jobTimeoutMs: {
    variable: 'BRICKLAYERS_JOB_TIMEOUT_SECONDS',
    fallback: 600,
    min: 0.05,
    max: DAY_SECONDS,
    scale: 1000,
    whole: false,
  },
  retentionMs: {
    variable: 'BRICKLAYERS_RETENTION_SECONDS',
    fallback: DAY_SECONDS,
    min: 0.1,
    max: 365 * DAY_SECONDS,
    scale: 1000,
    whole: false,
  },
  cleanupIntervalMs: {
    variable: 'BRICKLAYERS_CLEANUP_INTERVAL_SECONDS',
    fallback: 3600,
    min: 0.1,
    max: DAY_SECONDS,
    scale: 1000,
    whole: false,
  },
} as const satisfies Partial<Record<keyof Settings, NumberSetting>>;

/**
 * Settings from options and environment.
 * @throws SettingsError that names the option or variable, its value and what is allowed
 */
export function resolveSettings(
  options: Partial<Settings> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const numbers = {} as Record<keyof typeof NUMBERS, number>;
  for (const [key, setting] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, NumberSetting][]) {
    numbers[key] = resolveNumber(key, setting, options[key], environment[setting.variable]);
  }
  return {
    ...numbers,
    host: options.host ?? (environment.BRICKLAYERS_HOST || '127.0.0.1'),
    dataDir: options.dataDir ?? environment.BRICKLAYERS_DATA_DIR ?? '',
    metricsDir: options.metricsDir ?? environment.BINNACLE_METRICS_DIR ?? '',
  };
}

/** The folder that data goes to when none is set: each port has its own, so that two services never share one. */
export function defaultDataDir(port: number): string {
  return join(tmpdir(), `bricklayers-${port}`);
}

function resolveNumber(
  key: string,
  { variable, fallback, min, max, scale, whole }: NumberSetting,
  option: number | undefined,
  text: string | undefined,
): number {
  const name = option === undefined ? variable : key;
  if (option === undefined && (text === undefined || text.trim() === '')) return fallback * scale;
  const value = option === undefined ? Number(text) : option / scale;
  if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    const given = option === undefined ? JSON.stringify(text) : String(option);
    const factor = option === undefined ? 1 : scale;
    throw new SettingsError(
      `${name} is ${given}; it must be a${whole ? ' whole' : ''} number from ${min * factor} to ${max * factor}`,
    );
  }
  return value * scale;
}
