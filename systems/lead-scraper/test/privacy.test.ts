import { createConnection } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { REGIONS, SOURCES } from '../dist/pages/listing.js';
import { VISIT_KINDS, Visitors } from '../dist/visitors.js';
import { System } from './system.ts';

const SECRETS = {
  email: 'someone.private@secret.example',
  phone: '+82-10-9876-5432',
  dialled: '010-9876-5432',
  url: 'https://secret.example/path?token=abc',
  jobId: '6f1c9a52-3b5e-4d0e-9a77-1f2e3d4c5b6a',
  company: '한빛비밀전자',
};

let system: System;

beforeAll(async () => {
  system = await System.start({ companies: 400 });
}, 300_000);

afterAll(() => system?.stop());

/** Sends what no client of HTTP would. */
async function raw(text: string): Promise<void> {
  const { hostname, port } = new URL(system.url);
  await new Promise<void>((resolve) => {
    const socket = createConnection(Number(port), hostname, () => socket.end(text));
    socket.on('error', () => resolve()).on('close', () => resolve());
    socket.resume();
  });
}

test('after hostile visits nothing of people, sites or jobs stands in /metrics', {
  timeout: 600_000,
}, async () => {
  const met = new Set<string>();
  const visitors = new Visitors({
    url: system.url,
    companies: system.site.companies,
    visitsPerSecond: 12,
    seed: 21,
    onVisit: (kind) => met.add(kind),
  });
  visitors.start();
  for (const secret of Object.values(SECRETS)) {
    const part = encodeURIComponent(secret);
    for (const path of [
      `/${part}`,
      `/api/v1/${part}`,
      `/api/v1/status/${part}`,
      `/api/v1/leads/${part}`,
      `/api/v1/leads/${part}/verify`,
      `/api/v1/leads/${part}/${part}`,
      `/api/v1/leads?source=${part}&region=${part}&limit=${part}`,
      `/health?${part}`,
    ])
      for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND'])
        await (await fetch(new URL(path, system.url), { method })).text();
    for (const source of [secret, ...SOURCES]) {
      const body = { source, region: secret, enrich: secret, verify: secret };
      await system.ask('POST', '/api/v1/scrape', body);
    }
    await raw(`${secret} / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await raw(`GET /${secret} HTTP/1.1\r\nHost: ${secret}\r\nUser-Agent: ${secret}\r\n\r\n`);
  }
  await eventually(() => met.size === VISIT_KINDS.length, 120_000);
  await visitors.stop();
  const jobs = [await system.scrape({ source: 'directory', region: 'busan', enrich: 'all', verify: true })];
  const text = await system.exposition();
  const labels = new Set<string>();
  for (const { labels: set } of (await system.samples()).values())
    for (const [name, value] of Object.entries(set.toObject())) if (name !== '__name__') labels.add(value);

  for (const secret of Object.values(SECRETS)) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(encodeURIComponent(secret));
  }
  for (const job of jobs) expect(text).not.toContain(String(job.job_id));
  for (const value of labels) {
    expect(value).not.toMatch(/@|%40|:\/\/|%3A%2F|\.kr\b|\.example\b/i);
    expect(value).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/i);
    expect(value).not.toMatch(/\d{2,}[-.) ]?\d{3,}[-. ]?\d{3,}/);
    expect(value).not.toMatch(/\p{Script=Hangul}/u);
  }
  // Of what the site shows, nothing either.
  const { companies } = system.site;
  for (const source of SOURCES)
    for (const key of companies.keys(source, REGIONS[0]).slice(0, 40)) {
      const shown = companies.shown(source, key)!;
      for (const told of [shown.name, shown.phone, shown.email, shown.website, shown.businessNumber])
        if (told !== undefined) expect(text).not.toContain(told);
      expect(labels).not.toContain(key);
    }
  // And yet it was counted.
  expect(await system.sum('contact_verifications_total')).toBeGreaterThan(5);
  expect(await system.sum('http_requests_total', { endpoint: 'unmatched' })).toBeGreaterThan(20);
});
