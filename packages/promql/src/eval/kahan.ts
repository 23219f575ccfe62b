/**
 * Sums with compensation, as Prometheus computes them: Kahan's summation in the form of Neumaier, so that the
 * digits that one addition loses are kept beside the sum.
 */

/** A running sum and what it lost. */
export class KahanSum {
  sum = 0;
  lost = 0;

  add(value: number): void {
    const next = this.sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.lost = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.lost += this.sum - next + value;
    else this.lost += value - next + this.sum;
    this.sum = next;
  }

  /** The sum with what was lost. */
  get total(): number {
    return Number.isFinite(this.sum) || Number.isNaN(this.sum) ? this.sum + this.lost : this.sum;
  }
}

/**
 * The mean of `values[from..to)`: the sum divided, unless the sum overflows; from there on the mean is carried
 * forward instead.
 */
export function mean(values: Float64Array, from: number, to: number): number {
  const running = new KahanSum();
  running.add(values[from]!);
  let count = 1;
  let carried = false;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    count = i - from + 1;
    if (!carried) {
      const { sum, lost } = running;
      running.add(value);
      if (Math.abs(running.sum) !== Number.POSITIVE_INFINITY) continue;
      carried = true;
      running.sum = sum / (count - 1);
      running.lost = lost / (count - 1);
    }
    const share = (count - 1) / count;
    running.sum *= share;
    running.lost *= share;
    running.add(value / count);
  }
  return carried ? running.sum + running.lost : running.sum / count + running.lost / count;
}

/** The φ-quantile of `values[0..count)`, which it sorts; NaN counts as smallest. */
export function quantileOf(q: number, values: Float64Array, count: number): number {
  if (count === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const used = values.subarray(0, count);
  // Typed arrays sort NaN last; Prometheus wants it first.
  used.sort();
  let nans = 0;
  while (nans < count && Number.isNaN(used[count - 1 - nans]!)) nans++;
  if (nans > 0) {
    used.copyWithin(nans, 0, count - nans);
    used.fill(Number.NaN, 0, nans);
  }
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return used[lower]! * (1 - weight) + used[upper]! * weight;
}
