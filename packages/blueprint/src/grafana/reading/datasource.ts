/** Data sources as references. Until Grafana 8.3 they were names, or the name of a variable. */

import { kindOf } from './envelope.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Ledger } from './ledger.ts';
import { variableNamed } from './references.ts';

/** Names that are Grafana's own. */
const SPECIAL: ReadonlyMap<string, JsonObject> = new Map([
  ['-- Mixed --', { type: 'datasource', uid: '-- Mixed --' }],
  ['-- Grafana --', { type: 'datasource', uid: 'grafana' }],
  ['-- Dashboard --', { type: 'datasource', uid: '-- Dashboard --' }],
  ['__expr__', { type: '__expr__', uid: '__expr__' }],
]);

/**
 * Makes `owner.datasource` a reference, or null for the default one.
 * @param plugins which plugin each data source variable of the dashboard chooses from
 */
export function referDatasource(
  owner: JsonObject,
  plugins: ReadonlyMap<string, string>,
  ledger: Ledger,
): void {
  const { datasource } = owner;
  if (datasource === undefined || datasource === null || isObject(datasource)) return;
  if (typeof datasource !== 'string') {
    ledger.drop('invalid', `a data source is ${kindOf(datasource)}`, owner, 'datasource');
    return;
  }
  if (datasource === '' || datasource === 'default') {
    ledger.put('datasource', 'an empty name is the default data source', owner, 'datasource', null);
    return;
  }
  const variable = variableNamed(datasource);
  const type = variable === undefined ? undefined : plugins.get(variable);
  const reference: JsonObject = SPECIAL.get(datasource) ?? {
    ...(type !== undefined && { type }),
    uid: variable === undefined ? datasource : `\${${variable}}`,
  };
  ledger.put('datasource', 'the name of a data source is a reference', owner, 'datasource', {
    ...reference,
  });
}
