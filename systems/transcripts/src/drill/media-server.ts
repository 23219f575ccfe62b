/**
 * A server of media whose trouble is the cause of a drill: it serves a second of silence, says that there is nothing,
 * or takes connections and never answers.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it does with those who ask. */
export type Conduct = 'serves' | 'has nothing' | 'hangs';

const SAMPLE_RATE = 16_000;
const BYTES_PER_SAMPLE = 2;
const HEADER_BYTES = 44;

/** A server of media on this machine. It keeps no process running, and ends with the one that started it. */
export class MediaServer {
  readonly #server: Server;
  readonly #waiting = new Set<ServerResponse>();
  #conduct: Conduct;

  private constructor(conduct: Conduct) {
    this.#conduct = conduct;
    this.#server = createServer((request, response) => {
      request.resume();
      if (this.#conduct !== 'hangs') {
        this.#answer(response);
        return;
      }
      this.#waiting.add(response);
      response.once('close', () => this.#waiting.delete(response));
    });
  }

  /** Starts one on any free port. */
  static async start(conduct: Conduct): Promise<MediaServer> {
    const media = new MediaServer(conduct);
    media.#server.listen(0, '127.0.0.1');
    await once(media.#server, 'listening');
    media.#server.unref();
    return media;
  }

  /** The address of a recording. */
  address(name: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${name}.wav`;
  }

  /** Does otherwise from now on; who still waits is answered. */
  conduct(conduct: Conduct): void {
    this.#conduct = conduct;
    if (conduct === 'hangs') return;
    for (const response of this.#waiting) this.#answer(response);
    this.#waiting.clear();
  }

  #answer(response: ServerResponse): void {
    if (this.#conduct === 'serves') response.setHeader('content-type', 'audio/wav').end(SILENCE);
    else response.writeHead(404).end();
  }
}

/** A second of silence: nothing to transcribe, so that it takes no longer than its way through the stages. */
const SILENCE = silence(1);

/** A WAV file: 16,000 samples a second, one channel, 16 bits. */
function silence(seconds: number): Buffer {
  const data = seconds * SAMPLE_RATE * BYTES_PER_SAMPLE;
  const file = Buffer.alloc(HEADER_BYTES + data);
  file.write('RIFF', 0);
  file.writeUInt32LE(HEADER_BYTES - 8 + data, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16); // bytes of the format
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28);
  file.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  file.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  file.write('data', 36);
  file.writeUInt32LE(data, 40);
  return file;
}
