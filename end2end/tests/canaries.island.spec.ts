import { type APIRequestContext, type Page, request } from '@playwright/test';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { Between, Vault } from './support/canary-servers';
import { Canary, Told } from './support/canaries';
import { type Keys, makeFolder, removeFolder, SIGNED_OUT } from './support/demo';
import { fill, webShop } from './support/forms';
import { expect, signIn, test } from './support/portal';

// Every secret that gets into the portal, planted in every way there is, used, and provoked: then it is looked for
// in everything that the portal tells.

const PROGRAM = resolve(process.env.PARTNER_PORTAL ?? join(__dirname, '../../target/debug/partner-portal'));
/** Commands that say by their code what upstream said. */
const MAY_FAIL = ['sync', 'doctor'];
/** Where the output is kept to be read when the test has failed. */
const LOGS = join(__dirname, '../test-results');
const EMAIL = 'canary@example.com';
/** Not secret: shows that what is looked through holds what it should. */
const MARKER = Canary.made('the public marker', 'org_marker7f3a9c41d2');
const ORGANISATIONS = ['org_kystkassa', 'org_nordbetaling', 'org_jarvikassa', MARKER.value];

test.use({ storageState: SIGNED_OUT });
test.setTimeout(150_000);

test('no secret is in any page, answer, log, output or the database', async ({ page }) => {
  const folder = await makeFolder();
  const told = new Told();
  const ending: (() => Promise<void> | void)[] = [() => removeFolder(folder)];
  try {
    await look(page, folder, told, ending);
  } finally {
    for (const end of ending.reverse()) await end();
  }
});

async function look(page: Page, folder: string, told: Told, ending: (() => Promise<void> | void)[]): Promise<void> {
  const canaries: Canary[] = [];
  const plant = (name: string): string => {
    canaries.push(Canary.planted(name));
    return canaries.at(-1)!.value;
  };

  // Upstream, with the portal's keys exchanged for canaries on the way.
  const { url: sandboxUrl, keys } = await startSandbox(ending);
  const between = await Between.start(sandboxUrl);
  ending.push(() => between.stop());
  const accepted = (name: string, real: string): string => {
    const value = plant(name);
    between.real.set(value, real);
    return value;
  };
  const [first, second, third] = ORGANISATIONS.slice(0, 3).map(id => keys.find(keys => keys.org_id === id)!);
  const vaultToken = plant('the token for the vault');
  const vault = await Vault.start(vaultToken, {
    'jarvikassa/secret': { value: accepted('client secret in the vault', third.client_secret) },
    'jarvikassa/keys': {
      primary: accepted('subscription key in the vault', third.subscription_key),
      secondary: plant('secondary subscription key in the vault'),
      other: plant('another field in the vault'),
    },
  });
  ending.push(() => vault.stop());
  const inFile = async (name: string, value: string): Promise<string> => {
    await writeFile(join(folder, name), `${value}\n`, { mode: 0o600 });
    return `file://${join(folder, name)}`;
  };
  const environment = {
    PORTAL_DATA_DIR: folder,
    PORTAL_LOG: 'trace',
    PORTAL_UPSTREAM_URL: between.url,
    PORTAL_UPSTREAM_RATE: '150',
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: vaultToken,
    CANARY_KEY: accepted('subscription key in the environment', second.subscription_key),
    CANARY_SECONDARY: plant('secondary subscription key in the environment'),
  };

  // The portal, and what operators call it with.
  const run = async (words: string[], stdin = '', shown = false): Promise<string> => {
    const { stdout, stderr, code } = await finished(words, environment, stdin);
    if (!MAY_FAIL.includes(words[0])) expect(code, `${words.join(' ')}: ${stderr}`).toBe(0);
    const where = `partner-portal ${words.join(' ')} (${code})`;
    if (!shown) told.add('output', where, stdout);
    told.add('output', where, stderr);
    return stdout;
  };
  const password = plant('password of a person');
  await run(['user', 'add', EMAIL, '--admin'], `${password}\n`);
  const { url, log } = await startPortal(environment, ending);
  const add = async (id: string, kind: string, clientId: string, references: string[], typed = '') => {
    await run(['organisation', 'add', id, '--kind', kind, '--name', `Name of ${id}`, '--client-id', clientId, ...references], typed);
    await run(['organisation', 'member', id, EMAIL, '--role', 'admin']);
  };
  await add(first.org_id, 'partner', first.client_id, ['--secondary-subscription-key-ref', 'env://CANARY_SECONDARY'],
    `${accepted('client secret, typed', first.client_secret)}\n${accepted('subscription key, typed', first.subscription_key)}\n`);
  await add(second.org_id, 'partner', second.client_id, [
    '--client-secret-ref', await inFile('secret', accepted('client secret in a file', second.client_secret)),
    '--subscription-key-ref', 'env://CANARY_KEY',
    '--secondary-subscription-key-ref', await inFile('secondary', plant('secondary subscription key in a file')),
  ]);
  await add(third.org_id, 'partner', third.client_id, [
    '--client-secret-ref', 'vault://kv/jarvikassa/secret',
    '--subscription-key-ref', 'vault://kv/jarvikassa/keys#primary',
    '--secondary-subscription-key-ref', 'vault://kv/jarvikassa/keys#secondary',
  ]);
  // One whose keys upstream refuses, repeating them.
  await add(MARKER.value, 'merchant', 'e9f8a7c6-0000-4000-8000-000000000000', ['--secondary-subscription-key-ref', await inFile('wrong', plant('wrong secondary subscription key'))],
    `${plant('wrong client secret, typed')}\n${plant('wrong subscription key, typed')}\n`);

  // Tokens, each shown once by the command that makes it.
  const made = async (name: string, words: string[]): Promise<string> => {
    const token = (await run(['token', 'create', ...words], '', true)).trim();
    canaries.push(Canary.made(name, token));
    return token;
  };
  const instance = await made('API token of the instance', ['--instance', '--scope', 'write']);
  const reading = await made('API token of an organisation that reads', ['--organisation', first.org_id, '--scope', 'read']);
  const writing = await made('API token of an organisation that writes', ['--organisation', first.org_id, '--scope', 'write']);
  await run(['sync']);

  // Somebody signs in, at the second try.
  await page.goto(`${url}/login`);
  await signIn(page, { email: EMAIL, password: plant('mistyped password') });
  told.add('page', 'a failed sign-in', await page.content());
  await signIn(page, { email: EMAIL, password });
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  const cookies = await page.context().cookies();
  for (const cookie of cookies.filter(cookie => cookie.value.length >= 16)) {
    canaries.push(Canary.made(`cookie ${cookie.name}`, cookie.value));
  }
  const browser = page.request;

  // A password for a test website: sent, sent back with a fault, and refused by an upstream that repeats it.
  const form = `/as/${first.org_id}/product-orders/new`;
  const has = async (path: string, text: string) => (await (await browser.get(url + path)).text()).includes(text);
  await expect.poll(() => has(`/as/${first.org_id}/price-packages`, 'Online standard NO'), 'price packages are fetched').toBe(true);
  await expect.poll(() => has(`/as/${first.org_id}/sales-units?state=waiting`, 'No match'), 'units are fetched').toBe(true);
  for (const refused of [[], ['POST /management/v1/product-orders'], ['POST /management/v1/product-orders']]) {
    between.refused = refused;
    await page.goto(url + form);
    const website = plant(`password of test website ${canaries.length}`);
    const order = webShop({
      'Use case': 'Website, not open yet',
      'Test website': 'https://test.garn.example/',
      'Test website: user name': 'guest',
      'Test website: password': website,
    });
    await fill(page, { ...order, 'Business identifier': '123' });
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.getByText('Type the password again')).toBeVisible();
    told.add('page', 'a form with a fault', await page.content());
    await fill(page, { 'Business identifier': order['Business identifier'], 'Test website: password': website });
    await page.getByRole('button', { name: /^Send (to|anyway)/ }).click();
    const sent = page.getByRole('heading', { name: 'What has happened' });
    await expect(sent.or(page.getByText('Vipps MobilePay refused the order')).first()).toBeVisible();
    told.add('page', 'an order', await page.content());
  }
  between.refused = [];

  // The one page that shows a secret: it is exempt, the next one is not.
  await page.goto(`${url}/as/${second.org_id}/webhooks/new`);
  await fill(page, { URL: 'https://hooks.example/canary' });
  await page.getByLabel('donations.agreement.started.v1').check();
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.locator('#secret')).toBeVisible();
  canaries.push(between.webhookSecret);
  expect(await page.locator('#secret').innerText(), 'the secret is shown once').toContain(between.webhookSecret.value);

  // Upstream refuses whatever it is asked, in every way it can be asked by people.
  between.refused = ['GET /management/', 'GET /webhooks/', 'DELETE ', 'PATCH ', 'POST /management', 'POST /webhooks'];
  const units = [...(await (await browser.get(`${url}/as/${first.org_id}/sales-units`)).text()).matchAll(/\/sales-units\/(\d+)"/g)];
  for (const organisation of ORGANISATIONS) {
    for (const [path, fields] of Object.entries({
      'sales-units/refresh': {}, 'product-orders/refresh': {}, 'webhooks/refresh': {}, 'merchants/refresh': {},
      [`sales-units/${units[0][1]}/refresh`]: {},
      'webhooks/new': { url: 'https://hooks.example/again', scope: 'all', event: 'donations.agreement.started.v1' },
    })) {
      const answer = await browser.post(`${url}/as/${organisation}/${path}`, { form: fields as Record<string, string>, headers: { origin: url } });
      told.add('page', `POST ${organisation}/${path} (${answer.status()})`, await answer.text());
    }
  }
  await run(['sync']);
  between.refused.push('POST /accesstoken/get');
  await run(['doctor']);
  between.refused = [];

  // What programs are told.
  const mistaken = plant('a secret typed where a reference belongs');
  const api = await request.newContext({ baseURL: url, storageState: SIGNED_OUT });
  ending.push(() => api.dispose());
  for (const [token, name] of [[instance, 'instance'], [reading, 'reading'], [writing, 'writing'], [plant('a token that is none'), 'wrong'], ['', 'none']]) {
    const headers = token === '' ? undefined : { authorization: `Bearer ${token}` };
    for (const path of [
      '/api/openapi.json', '/api/v1/vipps-orgs', ...ORGANISATIONS.map(id => `/api/v1/vipps-orgs/${id}`), '/api/nothing',
      '/api/management/v1/sales-units', `/api/management/v1/sales-units/${units[0][1]}`, '/api/management/v1/sales-units/1',
      '/api/management/v2/product-orders', '/api/management/v1/partners/price-packages',
    ]) {
      for (const cache of ['max-age=60', 'no-cache']) {
        const answer = await api.get(path, { headers: { ...headers, 'cache-control': cache } });
        told.add('API', `${path} with token: ${name} (${answer.status()})`, `${JSON.stringify(answer.headers())} ${await answer.text()}`);
      }
    }
    for (const body of [
      { org_id: 'org_mistaken', client_id: 'x', client_secret_ref: mistaken },
      { org_id: 'org_mistaken', client_id: 'x', client_secret: mistaken },
    ]) {
      const answer = await api.post('/api/v1/vipps-orgs', { headers, data: body });
      told.add('API', `a mistaken organisation with token: ${name} (${answer.status()})`, await answer.text());
    }
  }

  // Every page there is, and the pages that say that there is none.
  await crawl(browser, url, told);
  for (const path of ['/nothing', '/as/org_nothing', `/as/${first.org_id}/nothing`, `/as/${first.org_id}/sales-units/1`, '/t/nothing', '/api/docs', '/healthz', '/readyz', '/login']) {
    told.add('page', path, await (await browser.get(url + path)).text());
  }

  for (const words of [['organisation', 'list'], ['user', 'list'], ['token', 'list', '--instance'], ['token', 'list', '--organisation', first.org_id], ['secrets', 'reseal'], ['secrets', 'forget'], ['doctor'], ['doctor', '--help'], ['migrate', '--help'], ['serve', '--help']]) {
    const said = await run(words);
    if (words.join() === 'doctor') expect(said).toContain('there is a key for all');
  }
  canaries.push(Canary.bytes('secret key', await readFile(join(folder, 'secret.key'))));
  canaries.push(...between.accessTokens);
  const database = await readFile(join(folder, 'postgres/url'), 'utf8');
  const [, databasePassword] = /\/\/[^:/]+:([^@]+)@/.exec(database)!;
  canaries.push(Canary.made('password of the database', decodeURIComponent(databasePassword)));
  told.add('dump', 'the database', await dump(database));
  log.forEach(piece => told.add('log', 'serve', piece));
  told.add('log', 'serve, whole', log.join(''));

  // A secret is found however it is written.
  const sample = Canary.planted('a sample');
  const written = [sample.value, encodeURIComponent(sample.value), JSON.stringify(JSON.stringify(sample.value)), Buffer.from(sample.value).toString('hex')];
  for (const before of ['', 'x', 'xx']) {
    for (const form of ['base64', 'base64url'] as const) written.push(Buffer.from(`${before}${sample.value}`).toString(form));
  }
  expect(written.filter(text => !sample.isIn(`before ${text} after`))).toEqual([]);
  // Had it not been there to be told, its absence would say nothing.
  expect(told.kindsWith(MARKER).sort()).toEqual(['API', 'dump', 'log', 'output', 'page']);
  expect(canaries.length).toBeGreaterThanOrEqual(30);
  expect(new Set(canaries.map(canary => canary.value)).size).toBe(canaries.length);
  expect(between.accessTokens.length).toBeGreaterThanOrEqual(3);
  expect(between.refusals.length, 'refusals that repeat what was asked').toBeGreaterThan(10);
  const repeated = canaries.filter(canary => between.refusals.some(text => canary.isIn(text))).map(canary => canary.name);
  for (const name of ['wrong client secret, typed', 'wrong subscription key, typed', 'client secret, typed']) {
    expect(repeated, 'upstream has repeated it').toContain(name);
  }
  // Whichever organisation was the first to get one.
  expect(repeated.filter(name => name.startsWith('access token')), 'upstream has repeated access tokens').not.toEqual([]);
  expect(repeated.filter(name => name.startsWith('password of test website')).length, 'upstream has repeated passwords').toBe(2);
  expect(told.count('page')).toBeGreaterThan(100);
  expect(told.leaks(canaries)).toEqual([]);
}

/** Reads every page that a link leads to; of addresses that differ in their query only, a few. */
async function crawl(browser: APIRequestContext, url: string, told: Told): Promise<void> {
  const waiting = ['/businesses', '/profile', ...ORGANISATIONS.map(id => `/as/${id}`)];
  const known = new Set(waiting);
  const queries = new Map<string, number>();
  while (waiting.length > 0) {
    const pages = await Promise.all(waiting.splice(0, 6).map(async path => {
      const answer = await browser.get(url + path);
      const text = await answer.text();
      told.add('page', `${path} (${answer.status()})`, text);
      return text;
    }));
    for (const [, href] of pages.join('').matchAll(/href="(\/[^"#]*)/g)) {
      const path = href.replaceAll('&amp;', '&');
      const [page, query] = path.split('?');
      if (known.has(path) || /^\/(pkg|assets|logout|api)\b|\.(css|js|svg|png|ico|txt)$/.test(page)) continue;
      if (query !== undefined) {
        const shape = page.replace(/[0-9a-f-]{36}|\d{4,}/g, '#');
        if ((queries.get(shape) ?? 0) >= 4) continue;
        queries.set(shape, (queries.get(shape) ?? 0) + 1);
      }
      known.add(path);
      waiting.push(path);
    }
  }
}

async function startSandbox(ending: (() => Promise<void>)[]): Promise<{ url: string; keys: Keys[] }> {
  const size = ['--sales-units', '30', '--merchants', '10'];
  const keys: Keys[] = JSON.parse((await finished(['sandbox', '--print-keys', ...size], {})).stdout);
  const { output } = await started(['sandbox', '--listen', '127.0.0.1:0', ...size], {}, /answers on (\S+)/, ending);
  return { url: /answers on (\S+)/.exec(output.join(''))![1], keys };
}

async function startPortal(environment: Record<string, string>, ending: (() => Promise<void>)[]): Promise<{ url: string; log: string[] }> {
  const port = await freePort();
  const { output } = await started(['serve'], { ...environment, PORTAL_LISTEN: `127.0.0.1:${port}` }, undefined, ending);
  const url = `http://127.0.0.1:${port}`;
  await expect(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200)).toPass();
  return { url, log: output };
}

async function started(words: string[], settings: Record<string, string>, said: RegExp | undefined, ending: (() => Promise<void>)[]): Promise<{ output: string[] }> {
  const running: ChildProcess = spawn(PROGRAM, words, { env: { ...ours(), ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  ending.push(async () => {
    if (running.exitCode !== null) return;
    const ended = new Promise(resolve => running.once('exit', resolve));
    running.kill('SIGINT');
    await ended;
  });
  await new Promise<void>((ready, failed) => {
    mkdirSync(LOGS, { recursive: true });
    const read = (piece: Buffer) => {
      output.push(piece.toString());
      appendFileSync(join(LOGS, `canaries-${words[0]}.log`), piece);
      if (said === undefined || said.test(output.join(''))) ready();
    };
    running.stdout!.on('data', read);
    running.stderr!.on('data', read);
    running.once('exit', code => failed(new Error(`${words.join(' ')} ended with ${code}:\n${output.join('')}`)));
  });
  return { output };
}

async function finished(words: string[], settings: Record<string, string>, stdin = ''): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise(resolve => {
    const options = { env: { ...ours(), ...settings }, maxBuffer: 1 << 28 };
    const running = execFile(PROGRAM, words, options, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1 });
    });
    running.stdin!.end(stdin);
  });
}

/** The whole database as text: rows of the organisations, one organisation after the other, and all others. */
async function dump(address: string): Promise<string> {
  const installed = '/usr/lib/postgresql';
  const [version] = (await readdir(installed).catch(() => [] as string[])).sort((one, other) => Number(other) - Number(one));
  const program = version === undefined ? 'pg_dump' : join(installed, version, 'bin/pg_dump');
  const dumps = ORGANISATIONS.map(organisation => new Promise<string>((resolve, reject) => {
    // Row-level security is for its owner, too.
    const env = { ...ours(), PGOPTIONS: `-c portal.organisation=${organisation}` };
    const words = ['--enable-row-security', '--dbname', address];
    execFile(program, words, { env, maxBuffer: 1 << 28 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  }));
  return (await Promise.all(dumps)).join('');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise(closed => server.close(closed));
  return port;
}

function ours(): NodeJS.ProcessEnv {
  const own = ([name]: [string, unknown]) => !name.startsWith('PORTAL_') && !name.startsWith('VAULT_') && name !== 'DATABASE_URL';
  return Object.fromEntries(Object.entries(process.env).filter(own));
}
