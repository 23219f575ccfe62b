/** prom-client's `lib/util`. */
import {
  Grouper,
  getLabels,
  getValueAsString,
  hashObject,
  isObject,
  nowTimestamp,
  removeLabels,
  setValue,
  setValueDelta,
} from '../joined-keys.ts';

module.exports = {
  getValueAsString,
  removeLabels,
  setValue,
  setValueDelta,
  getLabels,
  hashObject,
  isObject,
  nowTimestamp,
  Grouper,
};
