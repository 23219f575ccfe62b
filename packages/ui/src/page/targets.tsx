/** What is scraped, and how it went: the worst first. */
import type { JSX } from 'preact';
import type { Target } from '../api/prometheus.ts';
import { ago } from '../format/duration.ts';
import { format } from '../format/units.ts';
import type { Status } from '../shell/status.ts';
import '../style/lists.css';

const ORDER = { down: 0, unknown: 1, up: 2 };

/** Draws all targets by job. */
export function TargetsPage({ status }: { readonly status: Status }): JSX.Element {
  const { targets, error } = status;
  if (targets === undefined)
    return <main>{error !== undefined && <div class="page-note bad">{error}</div>}</main>;
  if (targets.length === 0)
    return (
      <main>
        <div class="page-note">
          <b>Nothing is scraped</b>
          <p>Add a scrape_config with targets to the monitor's configuration.</p>
        </div>
      </main>
    );
  const pools = new Map<string, Target[]>();
  for (const target of targets)
    pools.set(target.scrapePool, [...(pools.get(target.scrapePool) ?? []), target]);
  const worst = (list: readonly Target[]): number => Math.min(...list.map((target) => ORDER[target.health]));
  const sorted = [...pools].sort(([a, as], [b, bs]) => worst(as) - worst(bs) || (a < b ? -1 : 1));
  return (
    <main>
      <h1>Targets</h1>
      {sorted.map(([pool, list]) => (
        <section key={pool} class="list-section">
          <h2>
            {pool}
            <small>
              {list.filter((target) => target.health === 'up').length} of {list.length} up
            </small>
          </h2>
          <div class="list">
            {list
              .toSorted((a, b) => ORDER[a.health] - ORDER[b.health] || (a.scrapeUrl < b.scrapeUrl ? -1 : 1))
              .map((target) => (
                <TargetRow key={target.scrapeUrl} target={target} />
              ))}
          </div>
        </section>
      ))}
    </main>
  );
}

function TargetRow({ target }: { readonly target: Target }): JSX.Element {
  const { health, scrapeUrl, labels, lastScrape, lastScrapeDuration, lastError, scrapeInterval } = target;
  const scrapedMs = Date.parse(lastScrape);
  const scraped = Number.isFinite(scrapedMs) && scrapedMs > 0;
  return (
    <article class="item">
      <span class={`badge ${health}`}>{health}</span>
      <div class="item-main">
        <a class="mono" href={scrapeUrl} target="_blank" rel="noreferrer">
          {scrapeUrl}
        </a>
        <Labels labels={labels} />
        {lastError !== '' && <p class="bad">{lastError}</p>}
      </div>
      <div class="item-side">
        {scraped ? (
          <>
            <span title={new Date(scrapedMs).toString()}>{ago(scrapedMs, Date.now())}</span>
            <span>took {format(lastScrapeDuration, 's')}</span>
          </>
        ) : (
          <span>not scraped yet</span>
        )}
        <span>every {scrapeInterval}</span>
      </div>
    </article>
  );
}

/** Labels as small pieces; `skip` names those that are told elsewhere. */
export function Labels({
  labels,
  skip = [],
}: {
  readonly labels: Readonly<Record<string, string>>;
  readonly skip?: readonly string[];
}): JSX.Element {
  return (
    <span class="labels">
      {Object.entries(labels)
        .filter(([name]) => !skip.includes(name))
        .map(([name, value]) => (
          <span key={name}>
            {name}=<b>{value}</b>
          </span>
        ))}
    </span>
  );
}
