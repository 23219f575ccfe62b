/** prom-client's `lib/validation`. */
import { validateLabel } from '../labels.ts';
import { validateLabelName, validateMetricName } from '../validation.ts';

module.exports = { validateMetricName, validateLabelName, validateLabel };
