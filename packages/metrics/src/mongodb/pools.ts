/**
 * The connections of one client, over all of its pools, as the driver's events tell them: a driver has a pool for each
 * server of a replica set.
 */
import type { BoundGauge } from '../gauge.ts';

/** Where connections are counted; what is left out is undefined. */
export interface PoolGauges {
  readonly active: BoundGauge | undefined;
  readonly idle: BoundGauge | undefined;
  readonly waiting: BoundGauge | undefined;
  readonly max: BoundGauge | undefined;
}

/** What is used of a connection's event. */
export interface ConnectionEvent {
  readonly address: string;
  readonly connectionId?: unknown;
}

interface Pool {
  /** By the connection: whether somebody uses it. As many as the pool allows. */
  readonly inUse: Map<unknown, boolean>;
  waiting: number;
  readonly max: number;
}

/** Follows connections from their creation to their end. */
export class Pools {
  readonly #gauges: PoolGauges;
  readonly #maxPoolSize: number;
  /** As many as there are servers. */
  readonly #pools = new Map<string, Pool>();

  /** @param maxPoolSize of each server; 0 for no limit */
  constructor(gauges: PoolGauges, maxPoolSize: number) {
    this.#gauges = gauges;
    this.#maxPoolSize = maxPoolSize;
  }

  /** A connection stands. */
  readonly ready = (event: ConnectionEvent): void => this.#move(event, false);

  /** A connection is taken by whoever waited. */
  readonly checkedOut = (event: ConnectionEvent): void => {
    this.#wait(event.address, -1);
    this.#move(event, true);
  };

  /** A connection is given back. */
  readonly checkedIn = (event: ConnectionEvent): void => this.#move(event, false);

  /** A connection is over; one that never stood was never counted. */
  readonly closed = ({ address, connectionId }: ConnectionEvent): void => {
    const pool = this.#pools.get(address);
    const inUse = pool?.inUse.get(connectionId);
    if (pool === undefined || inUse === undefined) return;
    pool.inUse.delete(connectionId);
    (inUse ? this.#gauges.active : this.#gauges.idle)?.dec();
  };

  /** Somebody asks for a connection. */
  readonly waits = ({ address }: ConnectionEvent): void => this.#wait(address, 1);

  /** Somebody who asked for a connection has none. */
  readonly failed = ({ address }: ConnectionEvent): void => this.#wait(address, -1);

  /** A pool is there. */
  readonly opened = ({ address }: ConnectionEvent): void => void this.#pool(address);

  /** A pool is gone. */
  readonly gone = ({ address }: ConnectionEvent): void => {
    const pool = this.#pools.get(address);
    if (pool === undefined) return;
    this.#pools.delete(address);
    for (const inUse of pool.inUse.values()) (inUse ? this.#gauges.active : this.#gauges.idle)?.dec();
    if (pool.waiting > 0) this.#gauges.waiting?.dec(pool.waiting);
    this.#gauges.max?.dec(pool.max);
  };

  /** Takes all of it back. */
  end(): void {
    for (const address of [...this.#pools.keys()]) this.gone({ address });
  }

  #pool(address: string): Pool {
    let pool = this.#pools.get(address);
    if (pool === undefined) {
      pool = { inUse: new Map(), waiting: 0, max: this.#maxPoolSize };
      this.#pools.set(address, pool);
      this.#gauges.max?.inc(pool.max);
    }
    return pool;
  }

  #move({ address, connectionId }: ConnectionEvent, inUse: boolean): void {
    const { active, idle } = this.#gauges;
    const connections = this.#pool(address).inUse;
    const before = connections.get(connectionId);
    if (before === inUse) return;
    if (before !== undefined) (before ? active : idle)?.dec();
    (inUse ? active : idle)?.inc();
    connections.set(connectionId, inUse);
  }

  #wait(address: string, by: 1 | -1): void {
    const pool = this.#pool(address);
    // Who began to wait before the client was measured was not counted.
    if (by < 0 && pool.waiting === 0) return;
    pool.waiting += by;
    if (by > 0) this.#gauges.waiting?.inc();
    else this.#gauges.waiting?.dec();
  }
}
