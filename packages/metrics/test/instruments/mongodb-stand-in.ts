/**
 * A stand-in for MongoDB, for the tests of its instrument: no `mongod` can be installed where they run. It speaks the
 * wire protocol as far as the driver needs it (OP_MSG, and OP_QUERY for the first greeting), keeps documents in arrays,
 * and fails when it is told to. It proves that the driver's events are understood, and nothing about MongoDB.
 *
 *     0        4           8            12       16          20     21
 *     | length | requestId | responseTo | opCode | flagBits  | 0    | document ...      OP_MSG, a section of kind 0
 *                                                            | 1    | length, name\0, documents     of kind 1
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;

type Document = Record<string, unknown>;

/** What happens to the next command of a name. */
export type Failure = { readonly code: number; readonly codeName: string } | 'close' | 'never answer';

/** A running stand-in. */
export interface StandIn {
  readonly url: string;
  readonly port: number;
  /** Lets the next command of this name fail, and the one after it when it is told so twice. */
  failNext(command: string, failure: Failure): void;
  /** Answers all that were not. */
  release(): void;
  /** Breaks off all connections, and takes no other until {@link comeBack}. Nobody else can have its port meanwhile. */
  goAway(): void;
  comeBack(): void;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function mongoStandIn(): Promise<StandIn> {
  const collections = new Map<string, Document[]>();
  const cursors = new Map<number, Document[]>();
  const failures = new Map<string, Failure[]>();
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let isAway = false;

  const answer = (command: Document): Document => {
    const [name] = Object.keys(command);
    const documents = collections.get(String(command[name!])) ?? [];
    switch (name) {
      case 'hello':
      case 'ismaster':
      case 'isMaster':
        return {
          helloOk: true,
          ismaster: true,
          isWritablePrimary: true,
          maxBsonObjectSize: 16_777_216,
          maxMessageSizeBytes: 48_000_000,
          maxWriteBatchSize: 100_000,
          minWireVersion: 0,
          maxWireVersion: 21,
          readOnly: false,
        };
      case 'insert': {
        const added = command.documents as readonly Document[];
        const known = new Set(documents.map((one) => String(one._id)));
        const refused = added.findIndex((one) => known.has(String(one._id)));
        collections.set(String(command.insert), [
          ...documents,
          ...added.slice(0, refused < 0 ? undefined : refused),
        ]);
        if (refused < 0) return { n: added.length };
        return {
          n: refused,
          writeErrors: [{ index: refused, code: 11_000, errmsg: 'E11000 duplicate key' }],
        };
      }
      case 'update':
        return { n: documents.length, nModified: documents.length };
      case 'delete':
        collections.delete(String(command.delete));
        return { n: documents.length };
      case 'find':
      case 'aggregate': {
        const cursor = command.cursor as { readonly batchSize?: number } | undefined;
        const batch = Number(command.batchSize ?? cursor?.batchSize ?? 101);
        const rest = documents.slice(batch);
        const id = rest.length > 0 ? cursors.size + 1 : 0;
        if (id > 0) cursors.set(id, rest);
        const ns = `test.${String(command[name])}`;
        return { cursor: { id: BSON.Long.fromNumber(id), ns, firstBatch: documents.slice(0, batch) } };
      }
      case 'getMore': {
        const id = Number(command.getMore);
        const rest = cursors.get(id) ?? [];
        cursors.delete(id);
        const ns = `test.${String(command.collection)}`;
        return { cursor: { id: BSON.Long.fromNumber(0), ns, nextBatch: rest } };
      }
      default:
        return {};
    }
  };

  const receive = (socket: Socket, message: Buffer): void => {
    const requestId = message.readInt32LE(4);
    const opCode = message.readInt32LE(12);
    const command = opCode === OP_QUERY ? queryIn(message) : commandIn(message);
    const name = Object.keys(command)[0]!;
    const failure = failures.get(name)?.shift();
    if (failure === 'close') return void socket.destroy();
    const send = (reply: Document): void => {
      if (!socket.writable) return;
      const document = BSON.serialize({ ok: 1, ...reply });
      socket.write(opCode === OP_QUERY ? replyOf(requestId, document) : messageOf(requestId, document));
    };
    if (failure === 'never answer') return void held.push(() => send(answer(command)));
    send(failure === undefined ? answer(command) : { ok: 0, errmsg: failure.codeName, ...failure });
  };

  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (isAway) return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    let buffered = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 4 && buffered.length >= buffered.readInt32LE(0)) {
        const length = buffered.readInt32LE(0);
        receive(socket, buffered.subarray(0, length));
        buffered = buffered.subarray(length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = (server.address() as AddressInfo).port;
  return {
    url: `mongodb://127.0.0.1:${at}/test?directConnection=true&serverSelectionTimeoutMS=60000&heartbeatFrequencyMS=500`,
    port: at,
    failNext: (command, failure) => {
      failures.set(command, [...(failures.get(command) ?? []), failure]);
    },
    release: () => {
      for (const send of held.splice(0)) send();
    },
    goAway: () => {
      isAway = true;
      for (const socket of sockets) socket.destroy();
    },
    comeBack: () => {
      isAway = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function queryIn(message: Buffer): Document {
  // Flags, the name of the collection, what to skip, what to return.
  const end = message.indexOf(0, HEADER + 4);
  return BSON.deserialize(message.subarray(end + 9)) as Document;
}

function commandIn(message: Buffer): Document {
  let command: Document = {};
  let at = HEADER + 4;
  while (at < message.length) {
    const kind = message[at]!;
    const length = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + length);
    if (kind === 0) command = { ...(BSON.deserialize(section) as Document), ...command };
    else {
      const nameEnd = section.indexOf(0, 4);
      const documents: Document[] = [];
      for (let i = nameEnd + 1; i < length; i += section.readInt32LE(i))
        documents.push(BSON.deserialize(section.subarray(i, i + section.readInt32LE(i))) as Document);
      command = { ...command, [section.toString('latin1', 4, nameEnd)]: documents };
    }
    at += 1 + length;
  }
  return command;
}

function messageOf(responseTo: number, document: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER + 5);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, document]);
}

function replyOf(responseTo: number, document: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER + 20);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(OP_REPLY, 12);
  head.writeInt32LE(1, 32);
  return Buffer.concat([head, document]);
}
