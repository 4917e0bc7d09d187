import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Canary } from './canaries';

/** A server on this machine that answers by `answer`. */
async function listening(answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => Promise<void>): Promise<[Server, string]> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    await answer(request, Buffer.concat(pieces), response);
  });
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

/** A vault with version 2 of the key/value engine, mounted at `kv`. */
export class Vault {
  private constructor(private readonly server: Server, readonly url: string) {}

  static async start(token: string, secrets: Record<string, Record<string, string>>): Promise<Vault> {
    const [server, url] = await listening(async (request, _, response) => {
      const answer = (status: number, body: object) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      const found = secrets[request.url!.split('?')[0].replace('/v1/kv/data/', '')];
      if (request.headers['x-vault-token'] !== token) answer(403, { errors: [`permission denied: ${request.headers['x-vault-token']}`] });
      else if (found === undefined) answer(404, { errors: [`${token} sees nothing here`] });
      else {
        const metadata = { created_time: '2026-01-01T00:00:00Z', deletion_time: '', custom_metadata: null, destroyed: false, version: 1 };
        const rest = { request_id: '1', lease_id: '', renewable: false, lease_duration: 0, wrap_info: null, warnings: null, auth: null };
        answer(200, { ...rest, data: { data: found, metadata } });
      }
    });
    return new Vault(server, url);
  }

  stop(): void {
    this.server.close();
  }
}

/**
 * Stands between the portal and the sandbox: the portal calls with canaries, the sandbox is called with its own
 * keys. Its refusals repeat everything they were asked with, as careless servers do.
 */
export class Between {
  /** The sandbox's own secrets, by the canary in their place. */
  readonly real = new Map<string, string>();
  readonly accessTokens: Canary[] = [];
  readonly webhookSecret = Canary.planted('the secret of a webhook');
  /** The method and the beginning of the path of calls that are refused. */
  refused: string[] = [];
  readonly refusals: string[] = [];
  private server!: Server;
  url = '';

  static async start(sandbox: string): Promise<Between> {
    const between = new Between();
    [between.server, between.url] = await listening((request, body, response) => between.pass(sandbox, request, body, response));
    return between;
  }

  stop(): void {
    this.server.close();
  }

  private async pass(sandbox: string, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${request.url}`;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers as Record<string, string>)) {
      if (['host', 'connection', 'content-length', 'accept-encoding'].includes(name)) continue;
      const secret = name === 'authorization' ? value.replace('Bearer ', '') : value;
      headers.set(name, value.replace(secret, this.real.get(secret) ?? secret));
    }
    const forToken = request.url === '/accesstoken/get';
    const stranger = forToken && !this.real.has(request.headers.client_secret as string);
    if (stranger || this.refused.some(refused => call.startsWith(refused))) {
      return this.refuse(stranger ? 401 : [400, 403, 500][this.refusals.length % 3], request.headers, body, response);
    }
    if (forToken) headers.set('content-length', '0');
    const answer = await fetch(sandbox + request.url, {
      method: request.method,
      headers,
      body: body.length > 0 ? new Uint8Array(body) : undefined,
    });
    let text = await answer.text();
    if (forToken && answer.ok) text = this.inPlaceOf(JSON.parse(text), 'access_token');
    if (call === 'POST /webhooks/v1/webhooks' && answer.ok) {
      text = JSON.stringify({ ...JSON.parse(text), secret: this.webhookSecret.value });
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' }).end(text);
  }

  private inPlaceOf(told: Record<string, string>, field: string): string {
    const canary = Canary.planted(`access token ${this.accessTokens.length + 1}`);
    this.accessTokens.push(canary);
    this.real.set(canary.value, told[field]);
    return JSON.stringify({ ...told, [field]: canary.value });
  }

  /** In turn as problem+json, as text and as HTML, with headers and body in three ways of writing. */
  private refuse(status: number, headers: IncomingHttpHeaders, body: Buffer, response: ServerResponse): void {
    const asked = [JSON.stringify(headers), ...Object.values(headers).flatMap(value => [`${value}`, encodeURIComponent(`${value}`)]), `${body}`];
    // Only the beginning of a long text is kept: what is secret shall be in it.
    asked.sort((one, other) => Number(other.includes('canary')) - Number(one.includes('canary')));
    const texts = [
      ['application/problem+json', JSON.stringify({ title: 'No', status, detail: `Not with ${asked.join(' ')}`, extraDetails: [{ name: 'header', reason: asked[1] }] })],
      ['text/plain', `Not with ${asked.slice(1).join(' ')}`],
      ['text/html', `<html><body>${asked.slice(2).join('<br>')}</body></html>`],
    ];
    const [type, text] = texts[this.refusals.length % 3];
    this.refusals.push(text);
    response.writeHead(status, { 'content-type': type }).end(text);
  }
}
