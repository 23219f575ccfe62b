/** `Makefile`: the commands that start and stop the stack, for people who would not look them up. */
import type { EnvironmentName } from '../config/config.ts';
import { GENERATED_HEADER } from './generated-file.ts';

/** What is made with an environment: the suffix of its targets, and its files. */
const ENVIRONMENTS: Readonly<
  Record<EnvironmentName, { readonly suffix: string; readonly compose: string; readonly env: string }>
> = {
  development: { suffix: '', compose: 'compose.yml', env: '.env' },
  production: { suffix: '-prod', compose: 'compose.prod.yml', env: '.env.production' },
};

/** The target that starts or stops the stack of an environment. */
export function makeTarget(action: 'up' | 'down', environment: EnvironmentName): string {
  return `monitoring-${action}${ENVIRONMENTS[environment].suffix}`;
}

/** Renders the Makefile; it is the same for every configuration. */
export function renderMakefile(): string {
  const environments = Object.keys(ENVIRONMENTS) as EnvironmentName[];
  const targets = environments.flatMap((environment) => [
    makeTarget('up', environment),
    makeTarget('down', environment),
  ]);
  const files = Object.values(ENVIRONMENTS).map(({ env }) => env);
  return `${[
    `# ${GENERATED_HEADER}`,
    `# From elsewhere: make -C FOLDER ${targets[0]}`,
    'COMPOSE ?= docker compose',
    '',
    `.PHONY: ${targets.join(' ')}`,
    ...environments.flatMap(rulesOf),
    '',
    `${files.join(' ')}:`,
    '\t@echo "$@ is missing: copy $@.example to it, and fill it in" >&2; exit 1',
  ].join('\n')}\n`;
}

function rulesOf(environment: EnvironmentName): string[] {
  const { compose, env } = ENVIRONMENTS[environment];
  const command = `\t$(COMPOSE) -f ${compose} --env-file ${env}`;
  return [
    '',
    `${makeTarget('up', environment)}: ${env}`,
    `${command} up -d`,
    '',
    // What is kept stays: volumes go with \`down -v\` only.
    `${makeTarget('down', environment)}: ${env}`,
    `${command} down`,
  ];
}
