import { type IncomingHttpHeaders, get } from 'node:http';

/** An answer as it came over the wire. */
export type RawAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

/** Asks as a browser does, without unpacking the answer. */
export function fetchRaw(address: string, headers: Record<string, string>): Promise<RawAnswer> {
  return new Promise((answered, failed) => {
    const asking = get(address, { headers }, response => {
      const pieces: Buffer[] = [];
      response.on('data', piece => pieces.push(piece));
      response.on('error', failed);
      response.on('end', () => answered({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    asking.on('error', failed);
  });
}
