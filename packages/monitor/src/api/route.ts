/** What a route is: which requests it takes and what it answers. The server knows routes, no route the server. */

/** A request as a route sees it. */
export interface ApiRequest {
  /** Of the URL and, for a POST, of the form in its body. */
  readonly parameters: URLSearchParams;
  /** The parts of the path that the route leaves open, decoded. */
  readonly captures: Readonly<Record<string, string>>;
  /** The path, not decoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body of a request to a route that takes JSON, as text; may be empty. */
  readonly body?: string;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

/** An answer. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are written one by one, as fast as the client takes them. */
  readonly body: string | Uint8Array | Iterable<string>;
}

/** One kind of request. `HEAD` goes wherever `GET` does. */
export interface Route {
  readonly methods: readonly ('GET' | 'POST' | 'DELETE')[];
  /** Parts that start with a colon are open: `/api/v1/label/:name/values`. */
  readonly path: string;
  /** What a POST carries; a form when left out. */
  readonly takes?: 'json';
  /** The words of this route for a request that failed; Prometheus's when left out. */
  readonly refuse?: (error: unknown) => ApiResponse;
  /** May throw what `responseOfError` knows. */
  readonly handle: (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;
}
