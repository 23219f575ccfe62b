// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose fills them in
/** What is found in compose files. */
import { suite } from './check-suite.ts';

/** A compose file with these lines under `services`, and others below. */
function services(lines: readonly string[], ...below: readonly string[]): { 'compose.yml': string } {
  return { 'compose.yml': ['services:', ...lines.map((line) => `  ${line}`), ...below].join('\n') };
}

suite('unknown-compose-name', {
  reported: [
    [
      'a condition on no service',
      services(['api: {image: "api:1", depends_on: {db: {condition: service_healthy}}}']),
      ['compose.yml:2:38 error: service api depends on db, which is no service'],
    ],
    [
      'a volume in the long form',
      services(['api: {image: "api:1", volumes: [{type: volume, source: data, target: /data}]}']),
      ['compose.yml:2:58 error: service api mounts volume data, which is not declared'],
    ],
    [
      'a network, a secret and a config',
      services([
        'api: {image: "api:1", networks: [default, inner], secrets: [{source: key, target: k}], configs: [c]}',
      ]),
      [
        'compose.yml:2:45 error: service api takes network inner, which is not declared',
        'compose.yml:2:72 error: service api takes secret key, which is not declared',
        'compose.yml:2:100 error: service api takes config c, which is not declared',
      ],
    ],
    [
      'a volume that nobody mounts',
      services(['api: {image: "api:1"}'], 'volumes:', '  data:'),
      ['compose.yml:4:3 info: volume data is declared and mounted by no service'],
    ],
  ],
  silent: [
    [
      'what is there',
      services(
        ['api: {image: "api:1", depends_on: [db], volumes: ["data:/data"]}', 'db: {image: "db:1"}'],
        'volumes: {data: {}}',
      ),
    ],
    [
      'networks and secrets that are declared',
      services(
        ['api: {image: "api:1", networks: {inner: {aliases: [a]}}, secrets: [key]}'],
        'networks: {inner: }',
        'secrets: {key: {file: key}}',
      ),
    ],
    [
      'what the file beside it has',
      {
        ...services(['api: {image: "api:1", volumes: ["data:/data"]}'], 'volumes: {data: {}}'),
        'compose.override.yml':
          'services:\n  web: {image: "web:1", depends_on: [api], volumes: ["data:/data"]}\n',
      },
    ],
    [
      'what an included file may have',
      services(['api: {image: "api:1", depends_on: [db]}'], 'include: [other.yml]'),
    ],
    [
      'a folder of the host, a path and a volume without a name',
      services(['api: {image: "api:1", volumes: ["/var/run/docker.sock:/s", "./x:/x", "/cache"]}']),
    ],
    [
      'lists that are merged in',
      services(
        ['api: &api {image: "api:1", volumes: ["d:/d"]}', 'two: {<<: *api, image: "two:1"}'],
        'volumes: {d: }',
      ),
    ],
  ],
});

suite('duplicate-port', {
  reported: [
    [
      'twice in one service',
      services(['api: {image: "api:1", ports: ["80:80", "80:8080"]}']),
      ['compose.yml:2:42 error: service api publishes port 80 twice'],
    ],
    [
      'one address and all of them, by default',
      services([
        'a: {image: "a:1", ports: ["127.0.0.1:3000:1"]}',
        'b: {image: "b:1", ports: ["${PORT:-3000}:2"]}',
      ]),
      ['compose.yml:3:29 error: service b publishes port 3000, and so does service a'],
    ],
    [
      'within a range',
      services([
        'a: {image: "a:1", ports: ["9000-9002:9000-9002"]}',
        'b: {image: "b:1", ports: [{published: "9001", target: 1}]}',
      ]),
      ['compose.yml:3:29 error: service b publishes port 9001, and so does service a'],
    ],
  ],
  silent: [
    [
      'different addresses',
      services([
        'a: {image: "a:1", ports: ["127.0.0.1:80:1"]}',
        'b: {image: "b:1", ports: ["127.0.0.2:80:1"]}',
      ]),
    ],
    ['different protocols', services(['a: {image: "a:1", ports: ["53:53/tcp", "53:53/udp"]}'])],
    [
      'ports that the host chooses',
      services(['a: {image: "a:1", ports: ["80"]}', 'b: {image: "b:1", ports: ["80"]}']),
    ],
    [
      'ports from outside',
      services(['a: {image: "a:1", ports: ["${A}:80"]}', 'b: {image: "b:1", ports: ["${A}:80"]}']),
    ],
    [
      'two files',
      {
        ...services(['a: {image: "a:1", ports: ["80:80"]}']),
        'compose.prod.yml': 'services: {a: {image: "a:2", ports: ["80:80"]}}',
      },
    ],
  ],
});

suite('missing-mount', {
  reported: [
    [
      'a folder',
      services([
        'grafana: {image: "grafana/grafana:1", volumes: ["./provisoning:/etc/grafana/provisioning"]}',
      ]),
      ['compose.yml:2:51 warning: service grafana mounts provisoning, which is not in the repository'],
    ],
    [
      'in the long form, from a folder below',
      {
        'deploy/compose.yml':
          'services:\n  a:\n    image: a:1\n    volumes:\n      - {type: bind, source: ../a.conf, target: /a.conf}\n',
      },
      ['deploy/compose.yml:5:30 error: service a mounts a.conf, which is not in the repository'],
    ],
  ],
  silent: [
    [
      'a file that was not read',
      services(['a: {image: "a:1", volumes: ["./run.sh:/run.sh"]}']),
      { otherPaths: ['run.sh'] },
    ],
    [
      'a folder of files',
      services(['a: {image: "a:1", volumes: ["./conf:/conf"]}']),
      { otherPaths: ['conf/a/b.txt'] },
    ],
    [
      'what is kept elsewhere',
      services([
        'a: {image: "a:1", volumes: ["./data/prometheus:/d", "./secrets:/s", "~/x.yml:/x", "/etc/y.yml:/y", "${DIR}/z.yml:/z"]}',
      ]),
    ],
  ],
});

suite('unpinned-image', {
  reported: [
    [
      'a registry with a port',
      services(['a: {image: "registry:5000/a"}']),
      ['compose.yml:2:14 warning: service a runs registry:5000/a, which says no version'],
    ],
    [
      'a default that moves',
      services(['a: {image: "a:${TAG:-latest}"}']),
      ['compose.yml:2:14 warning: service a runs a:latest, and latest is another version every time'],
    ],
  ],
  silent: [
    [
      'a version, a digest, one from outside',
      services([
        'a: {image: "a:1.2"}',
        'b: {image: "b@sha256:abc"}',
        'c: {image: "c:${TAG}"}',
        'd: {image: "d:${TAG:-1.0}"}',
      ]),
    ],
    ['what is built here', services(['a: {image: a, build: .}'])],
  ],
});

suite('default-password', {
  reported: [
    [
      'a list',
      services(['db: {image: "postgres:17", environment: [POSTGRES_USER=app, POSTGRES_PASSWORD=postgres]}']),
      ['compose.yml:2:63 warning: POSTGRES_PASSWORD of service db is a password that everybody knows'],
    ],
    [
      'a Grafana that is given none',
      services(['grafana: {image: "grafana/grafana-oss:12.1.0"}']),
      [
        'compose.yml:2:20 warning: service grafana is a Grafana whose administrator has the password that it comes with',
      ],
    ],
  ],
  silent: [
    ['from outside', services(['db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: "${DB:?}"}}'])],
    [
      'a file',
      services([
        'grafana: {image: "grafana/grafana:12.1.0", environment: {GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/p}}',
      ]),
    ],
    ['variables in a file', services(['grafana: {image: "grafana/grafana:12.1.0", env_file: .env}'])],
    ['another name', services(['a: {image: "a:1", environment: {MODE: admin, PASSWORD_LENGTH: "12345"}}'])],
  ],
});
