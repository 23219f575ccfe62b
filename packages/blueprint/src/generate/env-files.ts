/** `.env.example` and `.env.production.example`: the variables that the compose files take, without a single value that works. */
import { secretsOf } from '../alerting/secrets.ts';
import type { Config, EnvironmentName } from '../config/config.ts';
import { GENERATED_HEADER } from './generated-file.ts';
import { IMAGES } from './images.ts';

/** A variable, and what people need to know of it. */
interface EnvVariable {
  readonly name: string;
  readonly about: readonly string[];
}

/** Renders the example of an environment's variables. */
export function renderEnvExample(config: Config, environment: EnvironmentName): string {
  const file = environment === 'production' ? '.env.production' : '.env';
  const blocks = variablesOf(config, environment).map(({ name, about }) =>
    [...about.map((line) => `# ${line.replace(/\s+/g, ' ')}`), `${name}=`].join('\n'),
  );
  return `${[
    [`# ${GENERATED_HEADER}`, `# Copy to ${file}, fill in, and keep ${file} out of the repository.`].join(
      '\n',
    ),
    ...blocks,
    [
      '# Other versions than the pinned ones:',
      ...[IMAGES.prometheus, IMAGES.alertmanager, IMAGES.grafana].map(
        ({ variable, name }) => `# ${variable}=${name}`,
      ),
    ].join('\n'),
  ].join('\n\n')}\n`;
}

function variablesOf(config: Config, environment: EnvironmentName): EnvVariable[] {
  const variables: EnvVariable[] = [
    {
      name: 'GRAFANA_PASSWORD',
      about: [
        'Required: the password of the account admin, when Grafana starts for the first time.',
        'For instance: openssl rand -base64 24',
      ],
    },
  ];
  if (environment === 'production' && config.production.externalUrl === undefined)
    variables.push({
      name: 'GRAFANA_ROOT_URL',
      about: ['Required: the address of Grafana as people type it, such as https://grafana.example.com/'],
    });
  for (const { source, purpose } of secretsOf(config.alerting)) {
    if ('env' in source)
      variables.push({
        name: source.env,
        about: [
          `Secret: ${purpose}.`,
          ...(environment === 'development'
            ? ['May stay empty: then alerts are shown, and sending them fails.']
            : []),
        ],
      });
  }
  return variables;
}
