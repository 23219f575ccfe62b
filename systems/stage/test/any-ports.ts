/** What systems on a stage are told, so that stages that tests have at one time do not want the same ports. */
export const ANY_PORTS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'API_GATEWAY_PORT',
    'ASSETS_SERVICE_PORT',
    'FILES_SERVICE_PORT',
    'SEARCH_SERVICE_PORT',
    'TRANSCODE_SERVICE_PORT',
    'BRICKLAYERS_PORT',
    'TRANSCRIPTS_API_PORT',
    'SHORTS_PORT',
    'API_PORT',
    'BINNACLE_PORT',
  ].map((variable) => [variable, '0']),
);
