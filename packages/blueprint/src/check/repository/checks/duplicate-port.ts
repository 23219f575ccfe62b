/** Two services that want the same port of the host. */
import type { PublishedPort } from '../compose-port.ts';
import type { RepositoryCheck } from '../repository-check.ts';

const ALL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);

/** Reports each port of a compose file from the second time on. */
export const duplicatePort: RepositoryCheck = {
  name: 'duplicate-port',
  inspect({ composeFiles }, report) {
    for (const { services } of composeFiles) {
      const seen: { readonly service: string; readonly port: PublishedPort }[] = [];
      for (const { name, ports } of services) {
        for (const port of ports) {
          const first = seen.find((other) => collides(other.port, port));
          seen.push({ service: name, port });
          if (first === undefined) continue;
          report(port.at.place, {
            severity: 'error',
            message:
              first.service === name
                ? `service ${name} publishes port ${port.published} twice`
                : `service ${name} publishes port ${port.published}, and so does service ${first.service}`,
            reason: 'the second one does not start: the port is taken',
            remedy:
              'publish one of them at another port, or not at all: services reach each other without it.',
          });
        }
      }
    }
  },
};

function collides(a: PublishedPort, b: PublishedPort): boolean {
  const sameHost = a.host === b.host || ALL_ADDRESSES.has(a.host) || ALL_ADDRESSES.has(b.host);
  return a.published === b.published && a.protocol === b.protocol && sameHost;
}
