/**
 * What all instruments of HTTP servers share: requests under way, and how they are counted when they end.
 *
 * An instrument opens an {@link Exchange} when a request comes, tells it the route and what goes wrong, and ends it
 * with the last byte of the answer. In flight it counts from the beginning to the end: under the endpoint `unmatched`
 * as long as its route is not known, where endpoints are asked for, and under its own from then on. What was added to
 * a series of the gauge is taken away from the same one.
 *
 * Labels are objects that are made once for each endpoint, method and status. They are not bound children, because a
 * child that somebody removes counts for nobody from then on; with labels at hand, finding it again is a few look-ups.
 */
import type { Counter } from '../counter.ts';
import type { BoundGauge, Gauge } from '../gauge.ts';
import type { Histogram } from '../histogram.ts';
import { INSIDE } from '../inside.ts';
import { type LabelNames, renamedValues } from '../instrument/naming.ts';
import type { LabelSpec } from '../labels.ts';
import { type EndpointName, Endpoints, UNMATCHED } from './endpoint.ts';
import { ErrorTypes, isClientMistake } from './error-type.ts';

/** The status of requests whose client went away, as in nginx. */
export const ABORTED = '499';

/** The labels of {@link RecordedParts}, by what they mean. */
export type HttpLabel = 'method' | 'endpoint' | 'status' | 'error_type';

/** Labels that requests in flight can have. */
export type InFlightLabel = 'method' | 'endpoint';

/** The metrics of an instrument, whatever they and their labels are called; a part may be left out. */
export interface RecordedParts {
  readonly requests: Counter<LabelSpec> | undefined;
  readonly duration: Histogram<LabelSpec> | undefined;
  readonly inFlight: Gauge<LabelSpec> | undefined;
  readonly errors: Counter<LabelSpec> | undefined;
  readonly requestSize: Histogram<LabelSpec> | undefined;
  readonly responseSize: Histogram<LabelSpec> | undefined;
  readonly inFlightLabels: readonly InFlightLabel[];
  /** What the labels are called. */
  readonly labels: LabelNames;
}

/** The key under which the metrics of an instrument have their {@link RecordedParts}; copies of this package share it. */
export const RECORDED: unique symbol = Symbol.for('@binnacle/metrics/http/recorded/v1');

/** What `httpMetrics` returns, whatever its parts and labels are called. */
export interface AnyHttpMetrics {
  readonly [RECORDED]: RecordedParts;
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]);

type Labels = Readonly<Record<string, string>>;

/** The labels of one method and endpoint. */
interface Combination {
  /** Of durations and sizes. */
  readonly labels: Labels;
  readonly byStatus: Map<number, Labels>;
  readonly byErrorType: Map<string, Labels>;
}

/** What can be chosen about what requests are counted under. */
export interface EndpointOptions {
  /**
   * What an endpoint is called, where it is not to be its template: `health` for `/health`. It is asked once for each,
   * with braces: `/orders/{id}`. Several may have one name.
   */
  readonly endpoint?: EndpointName | undefined;
}

/** Counts requests into one set of metrics. */
export class HttpRecorder {
  /** Whether sizes of requests are to be told to exchanges, and those of answers. */
  readonly countsRequestBytes: boolean;
  readonly countsResponseBytes: boolean;
  readonly endpoints: Endpoints;
  readonly #parts: RecordedParts;
  readonly #errorTypes = new ErrorTypes();
  /** By endpoint and method. */
  readonly #combinations = new Map<string, Map<string, Combination>>();
  /** Requests in flight whose endpoint is found out when somebody asks. */
  readonly #searching = new Set<Exchange>();
  readonly #inFlightByMethod: boolean;
  readonly #inFlightByEndpoint: boolean;
  #collects = false;

  constructor(metrics: AnyHttpMetrics, { endpoint }: EndpointOptions = {}) {
    const parts = metrics[RECORDED];
    this.endpoints = new Endpoints(endpoint);
    this.#parts = parts;
    this.countsRequestBytes = parts.requestSize !== undefined;
    this.countsResponseBytes = parts.responseSize !== undefined;
    this.#inFlightByMethod = parts.inFlightLabels.includes('method');
    this.#inFlightByEndpoint = parts.inFlightLabels.includes('endpoint');
  }

  /** Whether it counts into the same metrics as another, which may have been made from a definition of its own. */
  isSame(other: HttpRecorder): boolean {
    return this === other || this.identity === other.identity;
  }

  /** The first of the metrics: the same definition twice gives the same metric. */
  get identity(): unknown {
    const { requests, duration, inFlight, errors, requestSize, responseSize } = this.#parts;
    return requests ?? duration ?? inFlight ?? errors ?? requestSize ?? responseSize ?? this.#parts;
  }

  /** Counts a request in flight. */
  opened(exchange: Exchange): BoundGauge | undefined {
    const { inFlight } = this.#parts;
    if (inFlight === undefined) return undefined;
    const child = this.#inFlightOf(exchange.method, exchange.endpoint ?? UNMATCHED);
    child?.inc();
    return child;
  }

  /** Counts a request in flight under its endpoint, which has come to be known. */
  moved(exchange: Exchange, from: BoundGauge | undefined): BoundGauge | undefined {
    if (!this.#inFlightByEndpoint) return from;
    const to = this.#inFlightOf(exchange.method, exchange.endpoint ?? UNMATCHED);
    if (to === from) return from;
    from?.dec();
    to?.inc();
    return to;
  }

  /** Counts a request that has ended. */
  ended(exchange: Exchange, status: number, seconds: number): void {
    if (this.#inFlightByEndpoint) this.#searching.delete(exchange);
    const { requests, duration, errors, requestSize, responseSize } = this.#parts;
    const combination = this.#combination(exchange.endpoint ?? UNMATCHED, exchange.method);
    const { labels } = combination;
    if (requests !== undefined) {
      let withStatus = combination.byStatus.get(status);
      if (withStatus === undefined) {
        withStatus = this.#named(exchange, { status: String(status) });
        combination.byStatus.set(status, withStatus);
      }
      requests.bind(withStatus).inc();
    }
    if (duration !== undefined) duration.bind(labels).observe(seconds);
    if (requestSize !== undefined) requestSize.bind(labels).observe(exchange.requestBytes);
    if (responseSize !== undefined) responseSize.bind(labels).observe(exchange.responseBytes);
    if (errors === undefined || exchange.error === undefined) return;
    const error_type = this.#errorTypes.of(exchange.error.thrown);
    let withType = combination.byErrorType.get(error_type);
    if (withType === undefined) {
      withType = this.#named(exchange, { error_type });
      combination.byErrorType.set(error_type, withType);
    }
    errors.bind(withType).inc();
  }

  #combination(endpoint: string, method: string): Combination {
    let byMethod = this.#combinations.get(endpoint);
    if (byMethod === undefined) {
      byMethod = new Map();
      this.#combinations.set(endpoint, byMethod);
    }
    let combination = byMethod.get(method);
    if (combination === undefined) {
      const labels = renamedValues({ method, endpoint }, this.#parts.labels);
      combination = { labels, byStatus: new Map(), byErrorType: new Map() };
      byMethod.set(method, combination);
    }
    return combination;
  }

  #named({ method, endpoint = UNMATCHED }: Exchange, more: Readonly<Record<string, string>>): Labels {
    return renamedValues({ method, endpoint, ...more }, this.#parts.labels);
  }

  #inFlightOf(method: string, endpoint: string): BoundGauge | undefined {
    const { inFlight, inFlightLabels, labels } = this.#parts;
    if (inFlight === undefined) return undefined;
    if (inFlightLabels.length === 0) return inFlight.bind({});
    if (inFlightLabels.length === 2) return inFlight.bind(this.#combination(endpoint, method).labels);
    return inFlight.bind(renamedValues(this.#inFlightByMethod ? { method } : { endpoint }, labels));
  }

  /** From now on, whoever asks for the gauge gets the endpoint that the request has by then. */
  searches(exchange: Exchange): void {
    if (!this.#inFlightByEndpoint || this.#parts.inFlight === undefined) return;
    this.#searching.add(exchange);
    if (this.#collects) return;
    this.#collects = true;
    const inFlight = this.#parts.inFlight!;
    inFlight[INSIDE].registry.onCollect(inFlight.name, () => {
      for (const searching of this.#searching) searching.find();
    });
  }
}

/** A request from its beginning to the end of its answer. Made by whoever measures a server. */
export class Exchange {
  readonly recorder: HttpRecorder;
  /** One of the methods of HTTP, or `OTHER`. */
  readonly method: string;
  /** Bytes of the request's body, as they were received. */
  requestBytes = 0;
  /** Bytes of the answer's body, as they were sent. */
  responseBytes = 0;
  #endpoint: string | undefined;
  #error: { readonly thrown: unknown } | undefined;
  readonly #beganMs: number;
  #inFlight: BoundGauge | undefined;
  #ended = false;

  constructor(recorder: HttpRecorder, method: string) {
    this.recorder = recorder;
    this.method = METHODS.has(method) ? method : 'OTHER';
    this.#beganMs = performance.now();
    this.#inFlight = recorder.opened(this);
  }

  /** The endpoint, once it is known. */
  get endpoint(): string | undefined {
    return this.#endpoint;
  }

  /** The first exception that reached the framework and was no answer to a mistake of the client. */
  get error(): { readonly thrown: unknown } | undefined {
    return this.#error;
  }

  /** Whether it was counted. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Seconds since the request came. */
  get seconds(): number {
    return (performance.now() - this.#beganMs) / 1000;
  }

  /** The route has come to be known: its template as the router has it, `/orders/:id`, or `/orders/{id}`. */
  route(template: string): void {
    this.place(this.recorder.endpoints.ofTemplate(template));
  }

  /** The endpoint has come to be known. */
  place(endpoint: string): void {
    if (this.#ended || this.#endpoint === endpoint) return;
    this.#endpoint = endpoint;
    this.#inFlight = this.recorder.moved(this, this.#inFlight);
  }

  /** Asks for the route where it is found out so, while the request is under way. */
  find(): void {
    // The route of this exchange was told.
  }

  /** An exception has reached the framework. The first one counts, unless it is an answer to a client's mistake. */
  failed(error: unknown): void {
    if (this.#error === undefined && !isClientMistake(error)) this.#error = { thrown: error };
  }

  /** The last byte of the answer was sent. Counts once. */
  end(status: number): void {
    if (this.#ended) return;
    const { seconds } = this;
    this.#ended = true;
    this.#inFlight?.dec();
    this.recorder.ended(this, status, seconds);
  }

  /** The client went away before it had the answer; what fails for that reason is no exception of the program. */
  abort(): void {
    this.#error = undefined;
    this.end(ABORTED_STATUS);
  }
}

const ABORTED_STATUS = Number(ABORTED);
