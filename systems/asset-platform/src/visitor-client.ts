/** One request of a visitor to the gateway, entered in the ledger. */
import {
  type VisitorRequest as Request,
  sendAsVisitor,
  type VisitorAnswer,
} from '@binnacle/system-parts/visitor-request';
import { type Deed, enter, enterAborted, enterDied } from './effects.ts';
import type { Ledger } from './ledger.ts';

/** What is sent. */
export interface VisitorRequest extends Deed, Request {}

/** What services that count as nginx does note for a client that went away. */
const ABORTED_STATUS = 499;

/** Sends a request; undefined when it was broken off or nobody knows what the services did. */
export async function visit(
  url: string,
  ledger: Ledger,
  what: VisitorRequest,
): Promise<VisitorAnswer | undefined> {
  try {
    const answer = await sendAsVisitor(url, what);
    if (answer === undefined) enterAborted(ledger, what, ABORTED_STATUS);
    else enter(ledger, what, answer);
    return answer;
  } catch {
    enterDied(ledger, what);
    return undefined;
  }
}
