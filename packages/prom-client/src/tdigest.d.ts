/** What this package uses of tdigest, which has no types of its own. */
declare module 'tdigest' {
  export class TDigest {
    readonly centroids: { readonly size: number };
    push(value: number, weight?: number): void;
    percentile(quantile: number): number | undefined;
    compress(): void;
    reset(): void;
    size(): number;
  }
}
