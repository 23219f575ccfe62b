/** The data source of something that the V2 model asks. */
import { isObject, type JsonObject, objectOf } from './json.ts';
import type { Ledger } from './ledger.ts';

/** `{group: 'prometheus', datasource: {name: uid}}`, or in the first draft the classic reference beside the query. */
export function datasourceOf(
  query: JsonObject,
  beside: JsonObject,
  target: JsonObject,
  ledger: Ledger,
): void {
  if (isObject(beside.datasource)) {
    ledger.carry(beside, 'datasource', target);
    return;
  }
  const datasource: JsonObject = {};
  ledger.derive(datasource, query);
  ledger.carry(query, typeof query.group === 'string' ? 'group' : 'kind', datasource, 'type');
  const named = objectOf(query.datasource);
  ledger.carry(named, 'name', datasource, 'uid');
  if (datasource.type !== undefined && datasource.type !== '' && datasource.type !== 'DataQuery')
    target.datasource = datasource;
}
