// A Nest application that injects its metrics and answers /metrics itself: node main.js DIRECTORY
import 'reflect-metadata';
import { defineMetrics, label, metricsHandler, serveMetrics } from '@binnacle/metrics';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const METRICS = Symbol('metrics');

function makeMetrics() {
  return defineMetrics((m) => ({
    uploads: m.counter({
      name: 'uploads_total',
      help: 'Uploads',
      labels: { customer: label, status: ['ok', 'failed'] },
    }),
  }));
}

@Controller('uploads')
class Uploads {
  @Inject(METRICS) private readonly metrics!: ReturnType<typeof makeMetrics>;

  @Get()
  upload(): string {
    this.metrics.uploads.inc({ customer: 'acme', status: 'ok' });
    return 'done';
  }
}

@Module({ controllers: [Uploads], providers: [{ provide: METRICS, useFactory: makeMetrics }] })
class App {}

async function main(): Promise<void> {
  const server = await serveMetrics({ service: 'nest', directory: process.argv[2]! });
  const app = await NestFactory.create(App, { logger: ['error'] });
  app.getHttpAdapter().get('/metrics', metricsHandler());
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  for (let i = 0; i < 3; i++) await fetch(`${url}/uploads`);
  const body = await (await fetch(`${url}/metrics`)).text();
  console.log(JSON.stringify({ shared: server.directory !== undefined, body }));
  await app.close();
  await server.close();
}

void main();
