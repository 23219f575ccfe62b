/** prom-client's `lib/bucketGenerators`. */
import { exponentialBuckets, linearBuckets } from '../bucket-generators.ts';

module.exports = { linearBuckets, exponentialBuckets };
