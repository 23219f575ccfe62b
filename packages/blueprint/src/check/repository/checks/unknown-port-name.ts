/** Ports that Kubernetes monitors name and services do not have. */
import { nearest } from '@binnacle/promql';
import type { Manifest } from '../manifest.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { itemsAt, namesAt, textAt, textsAt, valueAt } from '../yaml-path.ts';

/** Reports ports of a ServiceMonitor that none of the services which it selects has. */
export const unknownPortName: RepositoryCheck = {
  name: 'unknown-port-name',
  inspect({ manifests }, report) {
    const services = manifests.filter(({ kind }) => kind === 'Service');
    for (const monitor of manifests) {
      if (monitor.kind !== 'ServiceMonitor') continue;
      const selected = services.filter((service) => selects(monitor, service));
      // Those that are selected may come from elsewhere.
      if (selected.length === 0) continue;
      const ports = new Set(
        selected.flatMap(({ spec }) => itemsAt(spec, 'ports').flatMap((port) => textAt(port, 'name') ?? [])),
      );
      for (const endpoint of itemsAt(monitor.spec, 'endpoints')) {
        const at = endpoint.get('port');
        const port = textAt(endpoint, 'port');
        if (at === undefined || port === undefined || ports.has(port)) continue;
        const suggestion = nearest(port, ports);
        report(at.place, {
          severity: 'error',
          message: `ServiceMonitor ${monitor.name} scrapes port ${port}, which service ${selected.map(({ name }) => name).join(', ')} does not have`,
          reason: 'the endpoint is dropped without a word: there is no target, and up is not even 0',
          remedy:
            ports.size === 0 ? 'give the port of the service that name.' : `use ${[...ports].join(', ')}.`,
          ...(suggestion !== undefined && { suggestion }),
        });
      }
    }
  },
};

/** Whether a monitor selects a service by equalities; one that selects by expressions is not followed. */
function selects(monitor: Manifest, service: Manifest): boolean {
  const selector = valueAt(monitor.spec, 'selector');
  if (itemsAt(selector, 'matchExpressions').length > 0) return false;
  const wanted = textsAt(selector, 'matchLabels');
  const namespaces = namesAt(monitor.spec, 'namespaceSelector', 'matchNames').map(({ name }) => name);
  const anywhere = textAt(monitor.spec, 'namespaceSelector', 'any') === 'true';
  const inNamespace =
    anywhere ||
    (namespaces.length > 0
      ? namespaces.includes(service.namespace)
      : service.namespace === monitor.namespace);
  return (
    inNamespace && wanted.size > 0 && [...wanted].every(([name, value]) => service.labels.get(name) === value)
  );
}
