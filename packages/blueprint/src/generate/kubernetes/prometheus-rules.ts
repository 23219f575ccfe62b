/** `PrometheusRule`: the same groups as in the rule files, one object for each file. */
import { parse } from 'yaml';
import type { Config } from '../../config/config.ts';
import { ruleFiles } from '../rule-files.ts';
import { type Manifest, metadata } from './manifest.ts';

/** All rules. */
export function prometheusRules(config: Config): readonly Manifest[] {
  return ruleFiles(config).map(({ path, text }) => {
    const origin = path.replace(/^.*\/|\.yml$/g, '');
    // The file's own text is read, so that both can never say different things.
    const { groups } = parse(text) as { readonly groups: unknown };
    return {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: metadata(config, `${config.name}-${origin}`),
      spec: { groups },
    };
  });
}
