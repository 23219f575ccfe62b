/** The API: asks for scraping jobs, and shows what came of them. */
import { metricsHandler } from '@binnacle/metrics';
import { expressErrors, expressMetrics } from '@binnacle/metrics/express';
import type { CheckStatus } from '@binnacle/metrics/health';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { Lead, Leads } from '../leads/leads.ts';
import { http } from '../metrics.ts';
import type { ScrapingQueue } from '../queue/scraping-queue.ts';
import { type Job, type JobOutcome, type Jobs, QueueFull } from '../scraping/jobs.ts';
import type { ResolveMx } from '../verify/email.ts';
import { countVerified, verifyContacts } from '../verify/verifier.ts';
import { keyFrom, leadFilterFrom, limitFrom, newJobFrom, RequestError } from './requests.ts';

const BODY_BYTES_MAX = 10_000;

/** What the API works with. */
export interface AppOptions {
  readonly jobs: Jobs;
  readonly leads: Leads;
  readonly queue: ScrapingQueue;
  readonly resolveMx: ResolveMx | undefined;
  /** How the dependencies are, by their names. */
  readonly health: () => Readonly<Record<string, Pick<CheckStatus, 'up'>>>;
}

/** Makes the application of one worker. */
export function createApp({ jobs, leads, queue, resolveMx, health }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(
    expressMetrics({
      metrics: http,
      endpoint: (template) => (template === '/health' ? 'health' : template),
    }),
  );
  app.get('/metrics', metricsHandler());

  app.get('/health', (_request, response) => {
    const dependencies = Object.fromEntries(
      Object.entries(health()).map(([name, { up }]) => [name, up === false ? 'down' : 'up']),
    );
    // Without the database nothing works; without the others something still does.
    const down = dependencies.database === 'down';
    const status = down ? 'down' : Object.values(dependencies).includes('down') ? 'degraded' : 'ok';
    response.status(down ? 503 : 200).json({ status, queue: queue.place, dependencies });
  });

  // Read where it is asked for, so that a body that cannot be read counts at its route.
  const json = express.json({ limit: BODY_BYTES_MAX });

  app.post('/api/v1/scrape', json, async (request, response) => {
    const job = await jobs.add(newJobFrom(request.body), keyFrom(request.headers['idempotency-key']));
    try {
      await queue.add(job.id);
      await jobs.queued(job.id);
    } catch {
      // The job is there; a process that scrapes finds it, and queues it when the queue answers again.
    }
    response.status(202).json(shown(job));
  });

  app.get('/api/v1/status/:job_id', async (request, response) => {
    const job = await jobs.find(request.params.job_id);
    if (job === undefined) throw new RequestError(404, 'there is no such job');
    response.json({ ...shown(job), ...outcomeShown(await jobs.outcome(job.id)) });
  });

  app.get('/api/v1/leads', async (request, response) => {
    const filter = leadFilterFrom(request.query);
    const { total, leads: found } = await leads.list(filter);
    response.json({ total, limit: filter.limit, offset: filter.offset, leads: found.map(leadShown) });
  });

  app.get('/api/v1/leads/:lead_id', async (request, response) => {
    const lead = await leadOf(leads, request);
    response.json({ ...leadShown(lead), sources: await leads.sourcesOf(lead.id) });
  });

  app.get('/api/v1/leads/:lead_id/duplicates', async (request, response) => {
    const lead = await leadOf(leads, request);
    await sendCandidates(response, leads, lead.id, limitFrom(request.query));
  });

  app.post('/api/v1/leads/:lead_id/verify', async (request, response) => {
    const lead = await leadOf(leads, request);
    const verified = await verifyContacts(lead, resolveMx);
    if (!(await leads.verified(lead, verified)))
      throw new RequestError(409, 'the contacts have changed meanwhile; try again');
    countVerified(verified);
    response.json({ lead_id: lead.id, email: verified.email, phone: verified.phone });
  });

  app.get('/api/v1/duplicates', async (request, response) => {
    await sendCandidates(response, leads, undefined, limitFrom(request.query));
  });

  app.use((_request, response) => {
    response.status(404).json({ message: 'there is nothing here' });
  });
  app.use(expressErrors());
  app.use(answerError);
  return app;
}

async function leadOf(leads: Leads, request: Request<{ lead_id: string }>): Promise<Lead> {
  const lead = await leads.find(request.params.lead_id);
  if (lead === undefined) throw new RequestError(404, 'there is no such lead');
  return lead;
}

async function sendCandidates(
  response: Response,
  leads: Leads,
  leadId: string | undefined,
  limit: number,
): Promise<void> {
  const candidates = await leads.candidates(leadId, limit);
  response.json({
    candidates: candidates.map(({ leadId, otherId, score }) => ({
      lead_id: leadId,
      other_id: otherId,
      score,
    })),
  });
}

function shown(job: Job): Record<string, unknown> {
  return {
    job_id: job.id,
    status: job.status,
    source: job.source,
    region: job.region,
    first_page: job.firstPage,
    pages: job.pages,
    enrich: job.enrich,
    verify: job.verify,
    attempt: job.attempt,
    message: job.message,
    counted: job.counted,
    created_at: job.createdAt,
    started_at: job.startedAt,
    finished_at: job.finishedAt,
  };
}

function outcomeShown(outcome: JobOutcome): Record<string, unknown> {
  const { results, duplicates, enrichments, verifications, problems } = outcome;
  return { results, duplicates, enrichments, verifications, problems };
}

function leadShown(lead: Lead): Record<string, unknown> {
  return {
    lead_id: lead.id,
    region: lead.region,
    name: lead.name,
    business_number: lead.businessNumber,
    representative: lead.representative,
    address: lead.address,
    phone: lead.phone,
    phone_status: lead.phoneStatus,
    email: lead.email,
    email_status: lead.emailStatus,
    website: lead.website,
    industry: lead.industry,
    size: lead.size,
    contact_role: lead.contactRole,
    created_at: lead.createdAt,
    updated_at: lead.updatedAt,
  };
}

/** The status that an error of Express or of ours asks for; 500 for all others. */
const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  if (error instanceof QueueFull) {
    response.status(503).set('retry-after', '10').json({ message: error.message });
    return;
  }
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (error instanceof Error && status >= 400 && status < 500) {
    response.status(status).json({ message: error.message });
    return;
  }
  console.error('api:', error instanceof Error ? error.message : error);
  response.status(500).json({ message: 'something is broken here; it has been noted' });
};
