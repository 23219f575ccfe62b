/**
 * `binnacle exporter`: answers `/metrics` for a service from outside of its processes.
 *
 * For services that open no port of their own: a command that starts workers, processes behind a load balancer, a
 * container beside theirs that shares the directory. It runs as the user of the service and counts nothing itself.
 */
import { type DirectoryExporter, exportDirectory, type TlsOptions } from '@binnacle/metrics';

/** What `binnacle exporter` was asked for. Paths are absolute. */
export interface ExporterOptions {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly tokenFile: string | undefined;
  readonly tls: TlsOptions | undefined;
}

/** The exporter cannot listen. */
export class ExporterError extends Error {
  override readonly name = 'ExporterError';
  readonly code = 'exporter_listen';
}

/**
 * Answers until a signal ends it, or whoever started it with a channel has gone.
 * @param say told where it answers
 * @throws StoreError for a directory that cannot be read, ServeError for a secret, ExporterError
 */
export async function runExporter(options: ExporterOptions, say: (message: string) => void): Promise<void> {
  const { directory, tokenFile } = options;
  const exporter = await exportDirectory(directory, tokenFile === undefined ? {} : { tokenFile });
  try {
    // What is wrong with the directory's files is said now, and not at the first scrape.
    exporter.families();
    const address = await listen(exporter, options);
    const { service, instance } = exporter;
    say(
      `binnacle: answers for service ${service}${instance === '' ? '' : `, instance ${instance}`} at ${address}`,
    );
    const ended = untilEnded();
    process.send?.({ type: 'listening', url: address });
    await ended;
  } finally {
    await exporter.close();
    // The channel to whoever started us would keep the process.
    if (process.connected) process.disconnect();
  }
}

async function listen(exporter: DirectoryExporter, { host, port, tls }: ExporterOptions): Promise<string> {
  try {
    return (await exporter.listen({ host, port, ...(tls !== undefined && { tls }) })).address;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'secret_unreadable') throw cause;
    const why =
      code === 'EADDRINUSE' ? 'the port is taken; stop what listens there or name another' : message;
    throw new ExporterError(`cannot listen on ${host}:${port}: ${why} (--listen HOST:PORT)`, { cause });
  }
}

/** Resolves at the first signal; the second ends the process as it would any. */
function untilEnded(): Promise<void> {
  return new Promise((resolve) => {
    // Neither a server of metrics nor a signal handler keeps a process running.
    const keep = setInterval(() => {}, 2 ** 30);
    const end = (): void => {
      clearInterval(keep);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
    process.once('disconnect', end);
  });
}
