/** One request of a visitor, entered in the ledger. */
import {
  type VisitorRequest as Request,
  sendAsVisitor,
  type VisitorAnswer,
} from '@binnacle/system-parts/visitor-request';
import type { Ledger } from './ledger.ts';

/** What is sent. */
export interface VisitorRequest extends Request {
  /** The route's template, as the service counts it. */
  readonly endpoint: string;
}

/** What a service that counts as nginx does notes for a client that went away. */
const ABORTED_STATUS = 499;

/** Sends a request; undefined when it was broken off or nobody knows what the service did. */
export async function visit(
  url: string,
  ledger: Ledger,
  what: VisitorRequest,
): Promise<VisitorAnswer | undefined> {
  const { method, endpoint } = what;
  try {
    const answer = await sendAsVisitor(url, what);
    ledger.request(method, endpoint, answer?.status ?? ABORTED_STATUS);
    return answer;
  } catch (error) {
    ledger.unknown(`${method} ${endpoint}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
