import { type APIRequestContext, request } from '@playwright/test';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = resolve(process.env.PARTNER_PORTAL ?? join(__dirname, '../../../target/debug/partner-portal'));

/** Where each demo's output is kept to be read when a test has failed. */
const LOGS = join(__dirname, '../../test-results');

/** Who may act as everybody in a demo. */
export const MEMBER = { email: 'demo@example.com', password: 'partner-portal-demo' };
/** Who may act as nobody; in demos whose folder has been through `addPeople`. */
export const STRANGER = { email: 'stranger@example.com', password: 'not-a-member-of-anything' };
/** Who may look at the second partner, and change nothing; in the demo that most tests share. */
export const VIEWER = { email: 'viewer@example.com', password: 'looks-and-changes-nothing' };

/** Said last by a demo that has started. */
const SIMULATED = /Vipps MobilePay is simulated on (\S+)\. /;

/** What a browser holds that nobody has signed in with. */
export const SIGNED_OUT = { cookies: [], origins: [] };

/** Of all partners together in the demo that most tests share. */
export const SALES_UNITS = 600;

/** The pages that tell whether something has still to be fetched: of the lists, and of what upstream offers. */
export const LISTS = ['sales-units', 'merchants', 'product-orders', 'price-packages', 'webhooks', 'webhooks/coverage'];
const WHOLE = [...LISTS, 'settings'];

/** The partners of a demo, the largest first. */
export const PARTNERS = ['org_kystkassa', 'org_nordbetaling', 'org_jarvikassa'];

/** Keys for calls to upstream; those of a merchant belong to one of its units. */
export type Keys = { org_id: string; client_id: string; client_secret: string; subscription_key: string; msn: string | null };

/** A folder for a demo's data, which is gone with `removeFolder`. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-portal-end2end-'));
  // The database runs as somebody else when the tests run as root, and must be let through.
  await chmod(folder, 0o755);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Adds people besides `MEMBER` to the portal in a folder, before a demo runs on it. */
export async function addPeople(folder: string): Promise<void> {
  for (const person of [STRANGER, VIEWER]) {
    const adding = promisify(execFile)(
      PROGRAM,
      ['user', '--data-dir', join(folder, 'demo'), 'add', person.email],
      { env: environment() },
    );
    adding.child.stdin?.end(`${person.password}\n`);
    await adding;
  }
}

/** Lets somebody act as an organisation. */
export async function admit(url: string, person: typeof MEMBER, organisation: string, role: string): Promise<void> {
  const [admin, admitted] = [await signedInRequests(url, MEMBER), await signedInRequests(url, person)];
  try {
    const [id] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(await (await admitted.get('/profile')).text())!;
    const form = { person: id, role };
    const response = await admin.post(`/as/${organisation}/members`, { form, headers: { origin: url }, maxRedirects: 0 });
    if (response.status() !== 303) throw new Error(`${person.email} was not admitted: ${response.status()}`);
  } finally {
    await admin.dispose();
    await admitted.dispose();
  }
}

/** A running `partner-portal demo`. */
export class Demo {
  private constructor(
    readonly url: string,
    /** Where Vipps MobilePay is simulated. */
    readonly upstreamUrl: string,
    private readonly running: ChildProcess,
    private readonly output: string[],
  ) {}

  /** Starts a demo on ports that nobody uses, and waits until it answers. */
  static async start(folder: string, ...settings: string[]): Promise<Demo> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const listen = { PORTAL_LISTEN: new URL(url).host, PORTAL_SANDBOX_LISTEN: '127.0.0.1:0' };
    const running = spawn(PROGRAM, ['demo', '--data-dir', folder, ...settings], {
      env: { ...environment(), ...listen },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    mkdirSync(LOGS, { recursive: true });
    await new Promise<void>((answered, failed) => {
      const read = (piece: Buffer) => {
        output.push(piece.toString());
        appendFileSync(join(LOGS, `demo-${new URL(url).port}.log`), piece);
        if (SIMULATED.test(output.join(''))) answered();
      };
      running.stdout.on('data', read);
      running.stderr.on('data', read);
      running.once('error', failed);
      running.once('exit', code => failed(new Error(`${PROGRAM} ended with ${code}:\n${output.join('')}`)));
    });
    return new Demo(url, SIMULATED.exec(output.join(''))![1], running, output);
  }

  /** Waits until everything that upstream tells has been fetched. */
  async synced(pages = WHOLE): Promise<void> {
    const member = await signedInRequests(this.url, MEMBER);
    try {
      for (const partner of PARTNERS) {
        while (!(await isSynced(member, partner, pages))) {
          if (this.running.exitCode !== null) throw new Error(`the demo has ended:\n${this.output.join('')}`);
        }
      }
    } finally {
      await member.dispose();
    }
  }

  /** Stops the demo as Ctrl-C does, and waits until it has ended. */
  async stop(): Promise<void> {
    if (this.running.exitCode === null) {
      const ended = new Promise(resolve => this.running.once('exit', resolve));
      this.running.kill('SIGINT');
      await ended;
    }
    const output = this.output.join('');
    if (this.running.exitCode !== 0) throw new Error(`the demo ended with ${this.running.exitCode}:\n${output}`);
    if (output.includes('panicked')) throw new Error(`the demo panicked:\n${output}`);
  }
}

/** Requests of somebody who has signed in, without a browser. */
export async function signedInRequests(url: string, person: typeof MEMBER): Promise<APIRequestContext> {
  const requests = await request.newContext({ baseURL: url, storageState: SIGNED_OUT });
  const response = await requests.post('/login', { form: person, headers: { origin: url }, maxRedirects: 0 });
  if (response.status() !== 303) throw new Error(`${person.email} was not let in: ${response.status()}`);
  return requests;
}

/** The keys of an organisation in the demo that most tests share, as upstream gave them to it. */
export async function keysOf(organisation: string): Promise<Keys> {
  const printing = promisify(execFile);
  const { stdout } = await printing(PROGRAM, ['sandbox', '--print-keys', '--sales-units', `${SALES_UNITS}`], { env: environment() });
  const keys = (JSON.parse(stdout) as Keys[]).find(keys => keys.org_id === organisation);
  if (keys === undefined) throw new Error(`${organisation} has no keys`);
  return keys;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise(closed => server.close(closed));
  return port;
}

/** Every unit's details are there, and so is what is fetched beside and after them. */
async function isSynced(member: APIRequestContext, partner: string, pages: string[]): Promise<boolean> {
  const waiting = await (await member.get(`/as/${partner}/sales-units?state=waiting`)).text();
  if (!waiting.includes('No match')) return false;
  for (const list of pages) {
    const page = await (await member.get(`/as/${partner}/${list}`)).text();
    if (/<progress|Not synced yet|Waiting for its turn|have not been fetched yet|Not asked yet/.test(page) || page.includes('…</span>')) return false;
  }
  return true;
}

/** Ours without its settings for a portal: a demo under test is set up here and nowhere else. */
function environment(): NodeJS.ProcessEnv {
  const own = ([name]: [string, unknown]) => !name.startsWith('PORTAL_') && name !== 'DATABASE_URL';
  return Object.fromEntries(Object.entries(process.env).filter(own));
}
