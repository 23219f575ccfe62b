/**
 * The process of the visitors, and of the site that the system scrapes:
 *
 *     node visitors-main.js --url http://127.0.0.1:8000 --site-port 8090 --rate 2 --seed 1
 *
 * The system's `SCRAPING_SITE_URL` names the site. With `--for 120` the visitors stop after two minutes and the process
 * compares their ledger with what the system counted meanwhile: it ends with 0 when they are equal, otherwise it prints
 * the differences and ends with 1.
 */
import { parseArgs } from 'node:util';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { numberArgument, runVisitors } from '@binnacle/system-parts/visitors-process';
import { differences } from './ledger.ts';
import { COMPANIES } from './site/companies.ts';
import { Site } from './site/site.ts';
import { Visitors } from './visitors.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    'site-port': { type: 'string', default: '8090' },
    /** Companies of the site. */
    companies: { type: 'string', default: String(COMPANIES) },
    /** Visits per second. */
    rate: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    /** Seconds until the visitors stop and compare; 0 for never. */
    for: { type: 'string', default: '0' },
  },
});

const NAME = 'lead-scraper-visitors';
/** After an answer has arrived, the system still has to notice that it was sent, and to read its queue. */
const SETTLE_MS = 5_000;

const seed = numberArgument(NAME, values, 'seed');
const port = numberArgument(NAME, values, 'site-port');
const companies = numberArgument(NAME, values, 'companies');
const site = await Site.start({ seed, port, companies }).catch((error: Error) => {
  console.error(
    `${NAME}: the site cannot listen on port ${port}: ${error.message}; set --site-port to another`,
  );
  process.exit(1);
});
const visitors = new Visitors({
  url: values.url,
  companies: site.companies,
  visitsPerSecond: numberArgument(NAME, values, 'rate') || 0.001,
  seed,
});

await runVisitors<Samples>({
  name: NAME,
  visitors,
  forSeconds: numberArgument(NAME, values, 'for'),
  settleMs: SETTLE_MS,
  expose: async () => readSamples(await (await fetch(new URL('/metrics', values.url))).text()),
  differences: (after, before) =>
    differences(visitors.ledger.record, after, { before }).map(
      ({ series, expected, allowed, actual }) =>
        `${series} is ${actual}, the ledger says ${expected}` +
        (allowed > 0 ? ` and at most ${allowed} more` : ''),
    ),
});
