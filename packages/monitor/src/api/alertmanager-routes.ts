/**
 * Alertmanager's API, version 2, as its OpenAPI description has it: alerts, groups, silences, receivers, status.
 *
 * `amtool` and Grafana's data source of the kind Prometheus ask under `/api/v2`, Grafana's kinds Mimir and Cortex under
 * `/alertmanager/api/v2`; both are here. One route is our own: `POST /silences/preview` says what a silence would hide.
 * Errors have upstream's three shapes: a text in JSON, `{code, message}`, or nothing.
 */
import { Labels } from '@binnacle/metrics/model';
import { type AlertMatcher, alertMatcher, matchesAll, parseMatcher } from '../alert-matcher.ts';
import type { PostedAlert } from '../notify/alert.ts';
import type { AlertGroupView, AlertView, NotifierView } from '../notify/notifier-view.ts';
import type { Silence, SilenceState, Silences } from '../notify/silences.ts';
import {
  type AlertBody,
  AlertmanagerApiError,
  readAlerts,
  readMatchers,
  readSilence,
} from './alertmanager-body.ts';
import { ApiError, plainJson } from './envelope.ts';
import type { ApiRequest, ApiResponse, Route } from './route.ts';

/** Where the API is found. */
export const ALERTMANAGER_MOUNTS: readonly string[] = ['/api/v2', '/alertmanager/api/v2'];

/** What the routes need. */
export interface AlertmanagerRoutesOptions {
  /** Undefined while no notifications are configured; silences are there all the same. */
  readonly notifier: () => NotifierView | undefined;
  readonly silences: Silences;
  /** A version that Alertmanager's clients understand, `0.33.0+binnacle.0.1.0`. */
  readonly version: string;
}

/** The routes, under every mount. */
export function alertmanagerRoutes(options: AlertmanagerRoutesOptions): Route[] {
  return ALERTMANAGER_MOUNTS.flatMap((mount) =>
    routesOf(options).map((route): Route => ({ ...route, path: mount + route.path, refuse })),
  );
}

function routesOf(options: AlertmanagerRoutesOptions): Omit<Route, 'refuse'>[] {
  const { silences, version } = options;
  const notifier = (): NotifierView => {
    const view = options.notifier();
    if (view !== undefined) return view;
    throw new AlertmanagerApiError(
      503,
      'notifications are not configured: start the monitor with --alerts FILE, which names an alertmanager.yml',
    );
  };
  const get = (path: string, handle: Route['handle']): Route => ({ methods: ['GET'], path, handle });
  return [
    get('/status', () => plainJson(statusJson(notifier(), version))),
    get('/receivers', ({ parameters }) => {
      const matchers = receiverMatchers(parameters);
      const receivers = notifier().receivers();
      return plainJson(receivers.filter((name) => hasLabels(name, matchers)).map(receiverJson));
    }),
    get('/alerts', ({ parameters }) => {
      const wanted = alertFilter(parameters);
      const isSent = receiverFilter(parameters);
      const alerts = notifier()
        .alerts()
        .filter((view) => wanted(view) && view.receivers.some(isSent))
        .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
      return plainJson(alerts.map((view) => alertJson(view, [])));
    }),
    {
      methods: ['POST'],
      path: '/alerts',
      takes: 'json',
      handle: (request) => postAlerts(notifier(), request),
    },
    get('/alerts/groups', ({ parameters }) => plainJson(groupsJson(notifier().groups(), parameters))),
    get('/silences', ({ parameters, nowMs }) => {
      const wanted = (silence: Silence): boolean => flag(parameters, stateAt(silence, nowMs));
      return plainJson(
        silences
          .list(matchersOf(parameters, 'filter'))
          .filter(wanted)
          .map((silence) => silenceJson(silence, nowMs)),
      );
    }),
    {
      methods: ['POST'],
      path: '/silences',
      takes: 'json',
      handle: (request) => postSilence(silences, request),
    },
    {
      methods: ['POST'],
      path: '/silences/preview',
      takes: 'json',
      handle: ({ body = '' }) => {
        const alerts = notifier()
          .alerts()
          .map((view) => ({ labels: view.alert.labels, view }));
        const { hidden, total, warning } = silences.preview(readMatchers(body), alerts);
        return plainJson({
          hidden: hidden.map(({ view }) => alertJson(view, [])),
          total,
          warning: warning ?? '',
        });
      },
    },
    {
      methods: ['GET'],
      path: '/silence/:id',
      handle: ({ captures, nowMs }) => {
        const silence = silences.get(uuidOf(captures));
        return silence === undefined ? empty(404) : plainJson(silenceJson(silence, nowMs));
      },
    },
    {
      methods: ['DELETE'],
      path: '/silence/:id',
      handle: async ({ captures }) => {
        const id = uuidOf(captures);
        try {
          await silences.expire(id);
          return empty(200);
        } catch (error) {
          if (codeOf(error) === 'silence_not_found') return empty(404);
          throw error;
        }
      },
    },
  ];
}

function postAlerts(notifier: NotifierView, request: ApiRequest): ApiResponse {
  const posted: PostedAlert[] = [];
  const problems: string[] = [];
  for (const alert of readAlerts(request.body ?? '')) {
    const { nowMs } = request;
    const startsAtMs = alert.startsAtMs ?? alert.endsAtMs ?? nowMs;
    const endsAtMs = alert.endsAtMs ?? 0;
    const labels = Object.entries(alert.labels).filter(([, value]) => value !== '');
    const problem = problemOf(alert, labels, startsAtMs);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const { annotations, generatorUrl } = alert;
    posted.push({
      labels: Labels.of(Object.fromEntries(labels)),
      annotations,
      startsAtMs,
      endsAtMs,
      generatorUrl,
    });
  }
  // The good ones are taken whatever the others are.
  if (posted.length > 0) notifier.post(posted);
  if (problems.length > 0) throw new AlertmanagerApiError(400, problems.join('\n'));
  return empty(200);
}

function problemOf(
  alert: AlertBody,
  labels: readonly (readonly [string, string])[],
  startsAtMs: number,
): string | undefined {
  if (alert.endsAtMs !== undefined && alert.endsAtMs < startsAtMs)
    return 'start time must be before end time';
  if (labels.some(([name]) => name === '')) return 'invalid label set: invalid name ""';
  if (labels.length === 0) return 'at least one label pair required';
  return '' in alert.annotations ? 'invalid annotations: invalid name ""' : undefined;
}

async function postSilence(silences: Silences, { body = '', nowMs }: ApiRequest): Promise<ApiResponse> {
  const { startsAtMs, endsAtMs, ...said } = readSilence(body);
  const endMs = endsAtMs ?? Number.NEGATIVE_INFINITY;
  if (endMs <= (startsAtMs ?? Number.NEGATIVE_INFINITY))
    throw new AlertmanagerApiError(400, 'Failed to create silence: start time must be before end time');
  if (endMs < nowMs)
    throw new AlertmanagerApiError(400, "Failed to create silence: end time can't be in the past");
  const silenceID = await silences.set({
    ...said,
    endsAtMs: endMs,
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
  });
  return plainJson({ silenceID });
}

function groupsJson(groups: readonly AlertGroupView[], parameters: URLSearchParams) {
  const wanted = alertFilter(parameters);
  const isSent = receiverFilter(parameters);
  const withMuted = flag(parameters, 'muted');
  return groups
    .filter(({ receiver }) => isSent(receiver))
    .map((group) => ({ group, alerts: group.alerts.filter(wanted) }))
    .filter(
      ({ alerts }) => alerts.length > 0 && (withMuted || alerts.some((view) => view.mutedBy.length === 0)),
    )
    .sort((a, b) => compareGroups(a.group, b.group))
    .map(({ group, alerts }) => ({
      alerts: alerts.map((view) => alertJson(view, view.mutedBy)),
      labels: group.labels.toObject(),
      receiver: { name: group.receiver },
    }));
}

/** Fewer labels first, then by names and values, then by receiver. */
function compareGroups(a: AlertGroupView, b: AlertGroupView): number {
  if (a.labels.size !== b.labels.size) return a.labels.size - b.labels.size;
  return Labels.compare(a.labels, b.labels) || (a.receiver < b.receiver ? -1 : 1);
}

/** Which alerts a request asks for, without regard to receivers. */
function alertFilter(parameters: URLSearchParams): (view: AlertView) => boolean {
  const matchers = matchersOf(parameters, 'filter');
  const [active, silenced, inhibited] = ['active', 'silenced', 'inhibited'].map((name) =>
    flag(parameters, name),
  );
  return (view) =>
    (active || view.silencedBy.length > 0 || view.inhibitedBy.length > 0) &&
    (silenced || view.silencedBy.length === 0) &&
    (inhibited || view.inhibitedBy.length === 0) &&
    matchesAll(matchers, view.alert.labels);
}

function receiverFilter(parameters: URLSearchParams): (receiver: string) => boolean {
  const matchers = receiverMatchers(parameters);
  const pattern = parameters.get('receiver');
  if (pattern === null) return (receiver) => hasLabels(receiver, matchers);
  let test: AlertMatcher;
  try {
    test = alertMatcher('name', '=~', pattern);
  } catch (error) {
    throw new AlertmanagerApiError(400, `failed to parse receiver param: ${messageOf(error)}`);
  }
  return (receiver) => hasLabels(receiver, matchers) && test.matches(Labels.of({ name: receiver }));
}

function receiverMatchers(parameters: URLSearchParams): readonly AlertMatcher[] {
  return matchersOf(parameters, 'receiver_matchers', 'failed to parse receiver_matchers param: ');
}

/** A receiver has one label, its name. */
function hasLabels(receiver: string, matchers: readonly AlertMatcher[]): boolean {
  return matchesAll(matchers, Labels.of({ name: receiver }));
}

function matchersOf(parameters: URLSearchParams, name: string, prefix = ''): readonly AlertMatcher[] {
  return parameters.getAll(name).map((text) => {
    try {
      return parseMatcher(text);
    } catch (error) {
      throw new AlertmanagerApiError(400, prefix + messageOf(error));
    }
  });
}

/** True unless the request says otherwise, in one of the words that upstream takes for yes. */
function flag(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name);
  return text === null || /^(1|ok|on|selected|checked|t|true|y|yes|enabled)$/i.test(text);
}

function uuidOf(captures: Readonly<Record<string, string>>): string {
  const { id = '' } = captures;
  if (/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new AlertmanagerApiError(422, `silenceID in path must be of type uuid: ${JSON.stringify(id)}`, 601);
}

function statusJson(notifier: NotifierView, version: string) {
  return {
    cluster: { peers: [], status: 'disabled' },
    config: { original: notifier.configText },
    uptime: timeText(notifier.startTimeMs),
    versionInfo: { branch: '', buildDate: '', buildUser: '', goVersion: '', revision: '', version },
  };
}

function receiverJson(name: string) {
  return { labels: { name }, name };
}

function alertJson({ alert, ...view }: AlertView, mutedBy: readonly string[]) {
  const { silencedBy, inhibitedBy } = view;
  const isSuppressed = silencedBy.length > 0 || inhibitedBy.length > 0 || mutedBy.length > 0;
  return {
    annotations: alert.annotations,
    endsAt: timeText(alert.endsAtMs),
    fingerprint: view.fingerprint,
    receivers: view.receivers.map((name) => ({ name })),
    startsAt: timeText(alert.startsAtMs),
    status: { inhibitedBy, mutedBy, silencedBy, state: isSuppressed ? 'suppressed' : 'active' },
    updatedAt: timeText(view.updatedAtMs),
    ...(alert.generatorUrl === '' ? {} : { generatorURL: alert.generatorUrl }),
    labels: alert.labels.toObject(),
  };
}

function silenceJson(silence: Silence, nowMs: number) {
  const { id, annotations, comment, createdBy } = silence;
  return {
    id,
    status: { state: stateAt(silence, nowMs) },
    updatedAt: timeText(silence.updatedAtMs),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    comment,
    createdBy,
    endsAt: timeText(silence.endsAtMs),
    matchers: silence.matchers.map(({ name, op, value }) => ({
      isEqual: op === '=' || op === '=~',
      isRegex: op === '=~' || op === '!~',
      name,
      value,
    })),
    startsAt: timeText(silence.startsAtMs),
  };
}

function stateAt({ startsAtMs, endsAtMs }: Silence, nowMs: number): SilenceState {
  if (nowMs >= endsAtMs) return 'expired';
  return nowMs < startsAtMs ? 'pending' : 'active';
}

/** Always with milliseconds, as upstream writes times here. */
function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function empty(status: number): ApiResponse {
  return { status, headers: { 'cache-control': 'no-store' }, body: '' };
}

/** Words a failure as upstream does. */
function refuse(error: unknown): ApiResponse {
  if (error instanceof AlertmanagerApiError) {
    const { status, code, message } = error;
    return plainJson(code === undefined ? message : { code, message }, status);
  }
  if (error instanceof ApiError) {
    const { status, message } = error;
    return plainJson({ code: status, message }, status);
  }
  switch (codeOf(error)) {
    case 'silence_not_found':
      return plainJson(messageOf(error), 404);
    case 'silence_invalid':
    case 'silence_limit':
      return plainJson(messageOf(error), 400);
    default:
      return plainJson(messageOf(error), 500);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
