/**
 * prom-client's API over @binnacle/metrics. Plain CommonJS, written by hand: its names are assigned one by one, so
 * that `import { Counter } from 'prom-client'` finds them, and nothing marks it as a compiled module, so that
 * `import promClient from 'prom-client'` gives this object everywhere, also where TypeScript makes CommonJS of it.
 */
'use strict';

const { Registry, globalRegistry } = require('./dist/registry.js');

exports.register = globalRegistry;
exports.Registry = Registry;
exports.contentType = undefined;
// Under another name, because who looks for names in this file leaves out those that he sees defined as getters.
const api = exports;
Object.defineProperty(api, 'contentType', {
  configurable: false,
  enumerable: true,
  get() {
    return globalRegistry.contentType;
  },
  set(contentType) {
    globalRegistry.setContentType(contentType);
  },
});
exports.prometheusContentType = Registry.PROMETHEUS_CONTENT_TYPE;
exports.openMetricsContentType = Registry.OPENMETRICS_CONTENT_TYPE;
exports.validateMetricName = require('./dist/validation.js').validateMetricName;
exports.Counter = require('./dist/counter.js').Counter;
exports.Gauge = require('./dist/gauge.js').Gauge;
exports.Histogram = require('./dist/histogram.js').Histogram;
exports.Summary = require('./dist/summary.js').Summary;
exports.Pushgateway = require('./dist/pushgateway.js').Pushgateway;
exports.linearBuckets = require('./dist/bucket-generators.js').linearBuckets;
exports.exponentialBuckets = require('./dist/bucket-generators.js').exponentialBuckets;
exports.collectDefaultMetrics = require('./dist/default-metrics.js').collectDefaultMetrics;
exports.aggregators = require('./dist/aggregators.js').aggregators;
exports.AggregatorRegistry = require('./dist/cluster.js').AggregatorRegistry;

require('./dist/service.js').joinService();
