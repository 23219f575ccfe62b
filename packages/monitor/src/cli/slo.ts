/**
 * `binnacle slo`: what became of the objectives of a project, by what a running monitor has recorded: the share of good
 * events, what is left of each error budget, and how fast it burns.
 */
import { type ReportQuery, sloReport, sloReportMarkdown, sloReportText } from '@binnacle/blueprint';
import { askMonitor, type MonitorIo, monitorUrl, RefusedError } from './monitor-client.ts';
import { UsageError } from './options.ts';
import type { Project } from './project/load-project.ts';
import { ProjectError } from './project/project-error.ts';

/** The options of the command line that this command reads. */
export interface SloFlags {
  readonly config?: string | undefined;
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
}

/** A whole command. */
export interface SloOptions {
  /** Undefined for the nearest one. */
  readonly configPath: string | undefined;
  /** Of the monitor, or of anything else that answers Prometheus's API. */
  readonly url: string;
  readonly format: 'people' | 'markdown' | 'json';
}

/** What the command needs of the world. */
export interface SloIo extends MonitorIo {
  readonly loadProject: (path?: string) => Promise<Project>;
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Reads what follows `binnacle slo`.
 * @throws UsageError
 */
export function parseSloCommand(
  rest: readonly string[],
  { config, url, json, markdown }: SloFlags,
  env: Readonly<Record<string, string | undefined>>,
): SloOptions {
  if (rest.length > 0)
    throw new UsageError(`binnacle slo takes options only, not ${JSON.stringify(rest[0])}`);
  if (json === true && markdown === true)
    throw new UsageError('binnacle slo writes --json or --markdown, not both');
  const format = json === true ? 'json' : markdown === true ? 'markdown' : 'people';
  return { configPath: config, url: monitorUrl(url, env), format };
}

/** Does it. Resolves with the exit code: 0, or 1 where an objective is missed or nobody could be asked. */
export async function runSlo({ configPath, url, format }: SloOptions, io: SloIo): Promise<number> {
  try {
    const { config, warnings } = await io.loadProject(configPath);
    for (const warning of warnings) io.complain(`warning: ${warning}`);
    if (config.slos.length === 0) {
      io.complain(`${config.name} has no objectives: add some with slos in binnacle.config.ts`);
      return 1;
    }
    const outcomes = await sloReport(config.slos, querying(io, url), io.now());
    if (format === 'json') io.say(JSON.stringify(outcomes, null, 2));
    else io.say((format === 'markdown' ? sloReportMarkdown : sloReportText)(outcomes).trimEnd());
    return outcomes.some(({ state }) => state === 'missed') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ProjectError || error instanceof RefusedError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

function querying(io: SloIo, url: string): ReportQuery {
  return async (expr, timeMs) => {
    const form = new URLSearchParams({ query: expr, time: String(timeMs / 1000) });
    const answer = await askMonitor(io, url, '/api/v1/query', { method: 'POST', body: form });
    return numberIn(answer, url);
  };
}

/** The value of the only series of an answer; undefined where there is none. */
function numberIn(answer: unknown, url: string): number | undefined {
  const { data } = (answer ?? {}) as { data?: { result?: readonly { value?: readonly [number, string] }[] } };
  if (!Array.isArray(data?.result)) throw new RefusedError(`what answers at ${url} is no monitor`);
  const value = Number(data.result[0]?.value?.[1] ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}
