import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Ollama } from '../dist/enrich/ollama.js';
import { traitsByRules } from '../dist/enrich/rules.js';
import { SmartScraper } from '../dist/enrich/smart-scraper.js';
import type { Described } from '../dist/enrich/traits.js';

const never = new AbortController().signal;
const HANBIT: Described = { name: '한빛전자', employees: 120, email: 'sales@hanbit.co.kr' };
const BY_RULES = { industry: 'electronics', size: 'medium', contactRole: 'sales' };

describe('rules', () => {
  test.each<[string, Described, object]>([
    ['the name', { name: '한빛전자' }, { industry: 'electronics', size: null, contactRole: null }],
    ['the trade', { name: '가온', industry: '식품 제조업' }, { industry: 'food' }],
    [
      'most of the words',
      { name: '태양', description: '물류 창고와 화물 운송, 정밀 기계' },
      { industry: 'logistics' },
    ],
    ['nothing', { name: '가온' }, { industry: null, size: null, contactRole: null }],
    ['ten people', { name: '가온', employees: 10 }, { size: 'micro' }],
    ['eleven people', { name: '가온', employees: 11 }, { size: 'small' }],
    ['many people', { name: '가온', employees: 5_000 }, { size: 'large' }],
    ['the mailbox', { name: '가온', email: 'ceo@gaon.kr' }, { contactRole: 'executive' }],
    ['a person', { name: '가온', email: 'kim@gaon.kr' }, { contactRole: 'general' }],
  ])('read %s', (_, described, traits) => expect(traitsByRules(described)).toMatchObject(traits));
});

describe('a model', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  interface Asked {
    readonly model: string;
    readonly prompt: string;
    readonly format: object;
    readonly stream: boolean;
  }

  /** An endpoint of Ollama's interface, with answers of our own; what it was asked is kept. */
  async function endpoint(
    answer: () => string | number | undefined,
  ): Promise<{ url: string; asked: Asked[] }> {
    const asked: Asked[] = [];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      if (request.url === '/api/tags') return response.end('{"models":[]}');
      asked.push(JSON.parse(Buffer.concat(parts).toString()) as Asked);
      const said = answer();
      if (said === undefined) return undefined;
      if (typeof said === 'number') return response.writeHead(said).end();
      return response.end(said);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  const model = (url: string, answerMsMax = 120_000): Ollama =>
    new Ollama({ url, model: 'llama3.2', answerMsMax });
  const said = (value: unknown): string => JSON.stringify({ response: JSON.stringify(value) });

  test('is asked for a form, and what it does not know the rules may', async () => {
    const { url, asked } = await endpoint(() =>
      said({ industry: 'software', size: 'unknown', contact_role: 'hiring' }),
    );
    const found = await new SmartScraper(model(url)).enrich(HANBIT, never);
    expect(found).toMatchObject({
      method: 'ollama',
      traits: { industry: 'software', size: 'medium', contactRole: 'hiring' },
    });
    expect(found.seconds).toBeGreaterThan(0);
    expect(asked[0]).toMatchObject({ model: 'llama3.2', stream: false, format: { type: 'object' } });
    expect(asked[0]!.prompt).toContain('한빛전자');
    expect(await model(url).check()).toBe(true);
  });

  test('says what it was told by a page, and only what is in our lists is taken', async () => {
    const { url } = await endpoint(() =>
      said({ industry: 'call +82 10 1234 5678', size: '</script>', contact_role: 7 }),
    );
    const { traits } = await new SmartScraper(model(url)).enrich(HANBIT, never);
    expect(traits).toEqual(BY_RULES);
  });

  test.each<[string, () => string | number | undefined, answerMsMax?: number]>([
    ['fails', () => 500],
    ['says what is no JSON', () => 'I am a language model'],
    ['says JSON that is no form', () => JSON.stringify({ response: 'Sure! Here is' })],
    ['says too much', () => said({ industry: 'x'.repeat(100_000) })],
    // Time enough for the question to arrive.
    ['says nothing in time', () => undefined, 1_500],
  ])('that %s is replaced by rules, and left alone for a while', async (_, answer, answerMsMax) => {
    const { url, asked } = await endpoint(answer);
    const smart = new SmartScraper(model(url, answerMsMax));
    for (let times = 0; times < 3; times++)
      expect(await smart.enrich(HANBIT, never)).toMatchObject({ method: 'rules', traits: BY_RULES });
    expect(asked).toHaveLength(1);
  });

  test('is not replaced where whoever asks takes it back', async () => {
    const { url } = await endpoint(() => undefined);
    const stop = new AbortController();
    const found = new SmartScraper(model(url)).enrich(HANBIT, stop.signal);
    stop.abort(new Error('taken back'));
    await expect(found).rejects.toThrow('taken back');
  });
});
