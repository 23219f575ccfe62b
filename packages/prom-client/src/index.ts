/** prom-client's API over `@binnacle/metrics`. */
export { exponentialBuckets, linearBuckets } from './lib/bucket-generators.ts';
