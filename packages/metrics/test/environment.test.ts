/** Options beat `BINNACLE_*` variables, which beat the names of other clients; what cannot be read is an error. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Environment, ServeOptions } from '../dist/index.js';
import { type MetricsSettings, metricsSettings } from '../dist/serve/settings.js';

type Case = [
  what: string,
  service: string,
  options: Omit<ServeOptions, 'service'>,
  env: Environment,
  expected: Partial<MetricsSettings>,
];

const WORDS = [
  ...['True', 'TRUE', 'true', '1', 'yes', 'On'].map((text) => [text, true] as const),
  ...['False', 'FALSE', 'false', '0', 'NO', 'off', ' off '].map((text) => [text, false] as const),
  ['', true] as const,
];

test.each<Case>([
  ['nothing', 'a', {}, {}, { enabled: true, endpoint: true, openLabels: true, port: undefined }],
  ['the address of nothing', 'a', {}, {}, { host: '127.0.0.1', tls: undefined, access: { hosts: [] } }],
  ['the port of a service', 'uploads', {}, { UPLOADS_METRICS_PORT: '9100' }, { port: 9100 }],
  ['a name with a hyphen', 'api-gateway', {}, { API_GATEWAY_METRICS_PORT: '9090' }, { port: 9090 }],
  ['a name without _SERVICE', 'assets', {}, { ASSETS_SERVICE_METRICS_PORT: '9091' }, { port: 9091 }],
  ['the shorter name first', 'a', {}, { A_SERVICE_METRICS_PORT: '1', A_METRICS_PORT: '2' }, { port: 2 }],
  ['another service', 'a', {}, { B_METRICS_PORT: '2' }, { port: undefined }],
  ['our variable before it', 'a', {}, { A_METRICS_PORT: '2', BINNACLE_METRICS_PORT: '3' }, { port: 3 }],
  ['an option before all', 'a', { port: 4 }, { BINNACLE_METRICS_PORT: '3' }, { port: 4 }],
  ['a default port behind all', 'a', { defaultPort: 4 }, { A_METRICS_PORT: '3' }, { port: 3 }],
  ['a default port', 'a', { defaultPort: 4 }, { A_METRICS_PORT: '' }, { port: 4 }],
  ['any free port', 'a', {}, { A_METRICS_PORT: '0' }, { port: 0 }],
  [
    'a directory',
    'a',
    {},
    { BINNACLE_METRICS_DIR: '/m', PROMETHEUS_MULTIPROC_DIR: '/p' },
    { directory: '/m' },
  ],
  ['a folder for each service', 'a b', {}, { PROMETHEUS_MULTIPROC_DIR: '/p' }, { directory: '/p/a_b' }],
  ['a service that would climb', '../x', {}, { PROMETHEUS_MULTIPROC_DIR: '/p' }, { directory: '/p/__x' }],
  ['an option for it', 'a', { directory: '/o' }, { BINNACLE_METRICS_DIR: '/m' }, { directory: '/o' }],
  [
    'ours before PROMETHEUS_ENABLED',
    'a',
    {},
    { PROMETHEUS_ENABLED: '0', BINNACLE_METRICS_ENABLED: '1' },
    { enabled: true },
  ],
  ['an option before it', 'a', { enabled: true }, { PROMETHEUS_ENABLED: '0' }, { enabled: true }],
  ['no development named', 'a', {}, {}, { portTaken: 'next' }],
  ['development', 'a', {}, { NODE_ENV: 'development' }, { portTaken: 'next' }],
  ['a test', 'a', {}, { NODE_ENV: 'test' }, { portTaken: 'next' }],
  ['production', 'a', {}, { NODE_ENV: 'production' }, { portTaken: 'reject' }],
  ['what may be production', 'a', {}, { NODE_ENV: 'staging' }, { portTaken: 'reject' }],
  [
    'a wish about it',
    'a',
    {},
    { NODE_ENV: 'production', BINNACLE_METRICS_PORT_TAKEN: 'retry' },
    { portTaken: 'retry' },
  ],
  ['a token', 'a', {}, { BINNACLE_METRICS_TOKEN: 't' }, { access: { token: 't', hosts: [] } }],
  [
    'a token that a program has',
    'a',
    { token: 'p' },
    { BINNACLE_METRICS_TOKEN: 't' },
    { access: { token: 'p', hosts: [] } },
  ],
  [
    'a program with a token, an environment with a password',
    'a',
    { tokenFile: '/t' },
    { BINNACLE_METRICS_USERNAME: 'u', BINNACLE_METRICS_PASSWORD: 'p' },
    { access: { tokenFile: '/t', hosts: [] } },
  ],
  [
    'a password in a file',
    'a',
    {},
    { BINNACLE_METRICS_USERNAME: 'u', BINNACLE_METRICS_PASSWORD_FILE: '/p' },
    { access: { basicAuth: { username: 'u', passwordFile: '/p' }, hosts: [] } },
  ],
  [
    'names',
    'a',
    {},
    { BINNACLE_METRICS_HOSTS: 'A.example.com, b.example.com' },
    { access: { hosts: ['a.example.com', 'b.example.com'] } },
  ],
  [
    'a certificate',
    'a',
    {},
    { BINNACLE_METRICS_TLS_CERT: '/c', BINNACLE_METRICS_TLS_KEY: '/k' },
    { tls: { cert: '/c', key: '/k' } },
  ],
  ['another host', 'a', {}, { BINNACLE_METRICS_HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
  ...WORDS.map(
    ([text, enabled]): Case => [`enabled: ${text}`, 'a', {}, { PROMETHEUS_ENABLED: text }, { enabled }],
  ),
  ...WORDS.map(
    ([text, endpoint]): Case => [
      `endpoint: ${text}`,
      'a',
      {},
      { METRICS_ENDPOINT_ENABLED: text },
      { endpoint },
    ],
  ),
  ...WORDS.map(
    ([text, openLabels]): Case => [
      `labels: ${text}`,
      'a',
      {},
      { METRICS_INCLUDE_LABELS: text },
      { openLabels },
    ],
  ),
])('%s', (_, service, options, env, expected) => {
  expect(metricsSettings(service, options, env)).toMatchObject(expected);
});

test('without a directory that is named, the services of a user lie beside each other', () => {
  const { directory } = metricsSettings('uploads', {}, {});
  expect(directory.endsWith(`binnacle-${os.userInfo().uid}/uploads`)).toBe(true);
});

test.each<[options: Omit<ServeOptions, 'service'>, env: Environment, said: string]>([
  [
    {},
    { PROMETHEUS_ENABLED: 'flase' },
    'PROMETHEUS_ENABLED is "flase"; it can be 0, 1, true, yes, on, false',
  ],
  [{}, { METRICS_ENDPOINT_ENABLED: '2' }, 'METRICS_ENDPOINT_ENABLED is "2"; it can be'],
  [{}, { METRICS_INCLUDE_LABELS: 'some' }, 'METRICS_INCLUDE_LABELS is "some"; it can be'],
  [{}, { UP_METRICS_PORT: '90a' }, 'UP_METRICS_PORT is "90a"; it can be a whole number from 0 to 65535'],
  [{}, { UP_METRICS_PORT: '65536' }, 'UP_METRICS_PORT is "65536"'],
  [{}, { BINNACLE_METRICS_PORT: '-1' }, 'BINNACLE_METRICS_PORT is "-1"'],
  [{ port: 1.5 }, {}, 'the option port is "1.5"; it can be a whole number'],
  [{ defaultPort: Number.NaN }, {}, 'the option defaultPort is "NaN"'],
  [{}, { BINNACLE_METRICS_PORT_TAKEN: 'no' }, 'it can be next, reject, retry'],
  [{}, { BINNACLE_METRICS_USERNAME: 'u' }, 'set both or neither'],
  [{}, { BINNACLE_METRICS_PASSWORD: 'secret' }, 'set both or neither'],
  [{}, { BINNACLE_METRICS_TLS_CERT: '/c' }, 'set both or neither'],
  [{ token: '' }, {}, 'the option token is empty, and would let everybody in'],
  [{ basicAuth: { username: 'u', password: '' } }, {}, 'the option basicAuth.password is empty'],
])('%j and %j are an error that says why', (options, env, said) => {
  expect(() => metricsSettings('up', options, env)).toThrow(
    expect.objectContaining({ code: 'setting_invalid', message: expect.stringContaining(said) }),
  );
  expect(() => metricsSettings('up', options, env)).not.toThrow(/secret/);
});

/** What a process exposes that counts with open labels under this environment. */
function seriesUnder(env: Environment): string[] {
  const file = fileURLToPath(new URL('fixtures/few-labels.mjs', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line.startsWith('requests_total'));
}

test('with METRICS_INCLUDE_LABELS=False an open label has one value, and every count is there', () => {
  expect(seriesUnder({ METRICS_INCLUDE_LABELS: 'False' })).toEqual([
    'requests_total{method="ALL",path="*",outcome="ok"} 500',
    'requests_total{method="ALL",path="*",outcome="error"} 1',
  ]);
  expect(seriesUnder({ METRICS_INCLUDE_LABELS: 'nonsense' })).toHaveLength(1002);
});
