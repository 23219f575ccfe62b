/** Passwords that everybody knows. */
import type { ComposeService } from '../compose-file.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** What is tried first. */
const WELL_KNOWN: ReadonlySet<string> = new Set(
  'admin administrator password passwd pass secret changeme change-me change_me default root toor guest test user grafana prometheus postgres mysql redis minio minioadmin 1234 12345 123456 12345678 qwerty letmein'.split(
    ' ',
  ),
);
const SECRET_NAME = /(?:PASSWORD|PASSWD|_PASS|SECRET|SECRET_KEY)$/;
const GRAFANA_PASSWORD = 'GF_SECURITY_ADMIN_PASSWORD';
/** With one of these nobody can log in by the default password. */
const GRAFANA_WITHOUT_LOGIN =
  /^GF_(?:SECURITY_ADMIN_PASSWORD(?:__FILE)?|SECURITY_DISABLE_INITIAL_ADMIN_CREATION|AUTH_DISABLE_LOGIN)$/;

/** Reports well-known passwords in compose files, and a Grafana that was given none. */
export const defaultPassword: RepositoryCheck = {
  name: 'default-password',
  inspect({ composeFiles }, report) {
    for (const { services } of composeFiles) {
      for (const service of services) {
        const { name, environment, image } = service;
        for (const { name: variable, value, at } of environment) {
          if (!SECRET_NAME.test(variable) || value === undefined || !isWellKnown(value)) continue;
          report(at.place, {
            severity: 'warning',
            // The value itself is not shown: whoever reads the report need not know it.
            message: `${variable} of service ${name} is a password that everybody knows`,
            reason: 'whoever reaches the port is in',
            remedy: `take it from outside and refuse to start without it: ${variable === GRAFANA_PASSWORD ? ADMIN : `\${${variable}:?is required}`}.`,
          });
        }
        if (!isGrafanaWithDefaults(service)) continue;
        report((image ?? service).at.place, {
          severity: 'warning',
          message: `service ${name} is a Grafana whose administrator has the password that it comes with`,
          reason: 'admin is the first word that is tried: whoever reaches the port is in',
          remedy: `set ${GRAFANA_PASSWORD} to ${ADMIN}.`,
        });
      }
    }
  },
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: compose fills it in
const ADMIN = '${GRAFANA_PASSWORD:?is required}';

function isWellKnown(value: string): boolean {
  return WELL_KNOWN.has(value.trim().toLowerCase());
}

function isGrafanaWithDefaults({ image, environment, hasEnvironmentFile }: ComposeService): boolean {
  if (image === undefined || !/(?:^|\/)grafana(?:-oss|-enterprise)?(?:[:@]|$)/.test(image.name)) return false;
  return !hasEnvironmentFile && !environment.some(({ name }) => GRAFANA_WITHOUT_LOGIN.test(name));
}
