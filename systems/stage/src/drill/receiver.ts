/** Who is notified in a drill: a webhook of our own, which the monitor posts to as it would to a person's. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** An alert as a notification has it. */
export interface NotifiedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

type Listener = (alert: NotifiedAlert) => void;

/** A webhook that hands on each alert that it is told of. */
export class Receiver {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Listens on a free port of this machine. */
  static async start(onAlert: Listener): Promise<Receiver> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const alerts = alertsIn(Buffer.concat(parts).toString());
        response.writeHead(alerts === undefined ? 400 : 200).end();
        for (const alert of alerts ?? []) onAlert(alert);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the system gave no port');
    return new Receiver(server, `http://127.0.0.1:${address.port}/`);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** The alerts of a message as Alertmanager posts it; undefined for what is none. */
function alertsIn(text: string): readonly NotifiedAlert[] | undefined {
  try {
    const { alerts } = JSON.parse(text) as { readonly alerts?: unknown };
    return Array.isArray(alerts) && alerts.every(isAlert) ? alerts : undefined;
  } catch {
    return undefined;
  }
}

function isAlert(value: unknown): value is NotifiedAlert {
  if (typeof value !== 'object' || value === null) return false;
  const { status, labels, annotations } = value as Record<string, unknown>;
  return (
    (status === 'firing' || status === 'resolved') &&
    typeof labels === 'object' &&
    labels !== null &&
    typeof annotations === 'object' &&
    annotations !== null
  );
}
