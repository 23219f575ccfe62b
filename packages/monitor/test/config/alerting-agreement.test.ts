/** The `alerting` section and relabelling: agreement with `promtool check config`, text by text. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import { ConfigError } from '../../dist/config/config-error.js';
import { loadPrometheusConfig } from '../../dist/config/prometheus-file.js';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const to = (fields: string): string =>
  `alertmanagers: [{ static_configs: [{ targets: ["h:9093"] }], ${fields} }]`;
const rule = (fields: string): string => `alert_relabel_configs: [{ ${fields} }]`;

/** Sections that both accept. */
const GOOD: readonly string[] = [
  '',
  'alertmanagers: []',
  to(''),
  to('scheme: https, path_prefix: /am, timeout: 3s, api_version: v2'),
  to('basic_auth: { username: u, password: p }'),
  to('authorization: { credentials_file: f }'),
  to('oauth2: { client_id: i, client_secret: s, token_url: "http://t" }'),
  to('tls_config: { insecure_skip_verify: true }, follow_redirects: false, enable_http2: false'),
  to('proxy_url: "http://p", no_proxy: h'),
  to('http_headers: { X-A: { values: [b] } }'),
  to('relabel_configs: [{ source_labels: [__address__], regex: "a.*", action: keep }]'),
  to('alert_relabel_configs: [{ target_label: a, replacement: b }]'),
  'alertmanagers: [{ static_configs: [{ targets: ["http://h/"] }], relabel_configs: [{ target_label: __address__, replacement: h }] }]',
  'alertmanagers: [{ static_configs: [{ targets: [h], labels: { a: b } }, { targets: [] }] }]',
  rule('source_labels: [a], target_label: b'),
  rule('source_labels: [a, b], separator: "", regex: "(.*)-(.*)", target_label: "$1", replacement: "$2"'),
  rule('source_labels: [a], target_label: b, action: HashMod, modulus: 4'),
  rule('regex: a.*, action: labeldrop'),
  rule('regex: "a_(.+)", replacement: "$1", action: labelmap'),
  rule('source_labels: [a], target_label: b, action: keepequal'),
  rule('source_labels: [a], target_label: b, action: uppercase'),
  rule('source_labels: [a], action: drop'),
  rule('source_labels: [a], regex: "", action: drop'),
  rule('source_labels: [a], action: keep, separator: ","'),
  rule('target_label: "a b"'),
];

/** Sections that both refuse. */
const BAD: readonly string[] = [
  'nonsense: 1',
  'alertmanagers: { static_configs: [] }',
  to('nonsense: 1'),
  to('api_version: v1'),
  to('timeout: soon'),
  to('basic_auth: { username: u }, bearer_token: t'),
  to('basic_auth: { username: u }, authorization: { credentials: t }'),
  to('tls_config: { cert_file: a }'),
  to('no_proxy: h'),
  'alertmanagers: [{ static_configs: [{ targets: ["http://h:9093"] }] }]',
  'alertmanagers: [{ static_configs: [{ targets: ["h:9093/path"] }] }]',
  rule('source_labels: [a]'),
  rule('target_label: b, regex: "("'),
  rule('target_label: b, action: rename'),
  rule('source_labels: [a], target_label: b, action: hashmod'),
  rule('source_labels: [a], modulus: 3, action: hashmod'),
  rule('source_labels: [a], target_label: b, action: hashmod, modulus: -1'),
  rule('source_labels: [a], action: keepequal'),
  rule('source_labels: [a], target_label: b, action: dropequal, regex: "(.*)"'),
  rule('source_labels: [a], target_label: b, action: keepequal, separator: ","'),
  rule('source_labels: [a], target_label: b, action: lowercase, replacement: c'),
  rule('source_labels: [a], regex: b, action: labeldrop'),
  rule('regex: b, action: labelkeep, target_label: c'),
  rule('regex: b, action: labelmap, replacement: ""'),
  rule('source_labels: [""], target_label: b'),
  'alert_relabel_configs: [null]',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'alerting-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function text(alerting: string): string {
  return `alerting: { ${alerting} }\n`;
}

async function ownVerdict(content: string): Promise<true | string> {
  try {
    await loadPrometheusConfig('/etc/p.yml', { read: async () => content, list: async () => [] });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe('the alerting section', () => {
  it('is the same for promtool', (context) => {
    const promtool = outside(context, 'promtool');
    const texts = [...GOOD, ...BAD].map(text);
    const files = texts.map((content, index) => {
      const file = path.join(folder, `f${index}.yml`);
      writeFileSync(file, content);
      return file;
    });
    // Without looking for the files that a configuration names.
    const { stdout, stderr } = spawnSync(promtool, ['check', 'config', '--syntax-only', ...files], {
      encoding: 'utf8',
    });
    const verdicts = files.map((file) => {
      if (stdout.includes(` SUCCESS: ${file} is valid`)) return true;
      expect(stdout + stderr).toContain(`Checking ${file}`);
      return false;
    });
    expect(texts.filter((_, index) => verdicts[index] !== index < GOOD.length)).toEqual([]);
  });

  it.each(GOOD)('accepts %s', async (alerting) => {
    expect(await ownVerdict(text(alerting))).toBe(true);
  });

  it.each(BAD)('refuses %s', async (alerting) => {
    expect(await ownVerdict(text(alerting))).toMatch(/^\/etc\/p.yml:1:\d+: /);
  });
});
