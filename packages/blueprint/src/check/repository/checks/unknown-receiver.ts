/** Routes to nobody, and receivers that nothing reaches. */
import { nearest } from '@binnacle/promql';
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports receivers that routes name and that do not exist, and those that no route names. */
export const unknownReceiver: RepositoryCheck = {
  name: 'unknown-receiver',
  inspect({ alertingFiles }, report) {
    for (const { routes, receivers } of alertingFiles) {
      const names = new Set(receivers.map(({ name }) => name));
      const used = new Set<string>();
      for (const { receiver } of routes) {
        if (receiver === undefined) continue;
        used.add(receiver.name);
        if (names.has(receiver.name)) continue;
        const suggestion = nearest(receiver.name, names);
        report(receiver.at.place, {
          severity: 'error',
          message: `there is no receiver ${receiver.name}`,
          reason: 'Alertmanager does not start with a route to nobody',
          remedy: `name one of ${[...names].join(', ')}, or add it.`,
          ...(suggestion !== undefined && { suggestion }),
        });
      }
      for (const { name, at } of receivers) {
        if (used.has(name)) continue;
        report(at.place, {
          severity: 'warning',
          message: `no route leads to receiver ${name}`,
          reason: 'nobody is told through it, though somebody set it up',
          remedy: 'add a route to it, or remove it.',
        });
      }
    }
  },
};
