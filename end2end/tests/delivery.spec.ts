import { type BrowserContext } from '@playwright/test';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from './support/portal';
import { type RawAnswer, fetchRaw } from './support/raw-http';

const LIST = '/as/org_kystkassa/sales-units';

test('a list that can be used weighs at most 15 kB, with its islands 110 kB more', async ({ context }) => {
  const list = await compressed(context, LIST);
  const page = brotliDecompressSync(list.body).toString();
  const [style] = addresses(page, 'css');
  const styleSheet = await compressed(context, style);
  expect(list.body.length + styleSheet.body.length, 'page and style sheet').toBeLessThanOrEqual(15_000);

  const scripts = [...addresses(page, 'js'), ...addresses(page, 'wasm')];
  expect(scripts.length).toBeGreaterThanOrEqual(2);
  const sizes = await Promise.all(scripts.map(async script => (await compressed(context, script)).body.length));
  expect(sizes.reduce((sum, size) => sum + size), `${scripts}`).toBeLessThanOrEqual(110_000);
});

test('what a page loads is kept by the browser for good', async ({ context }) => {
  const page = brotliDecompressSync((await compressed(context, LIST)).body).toString();
  for (const asset of ['css', 'js', 'wasm'].flatMap(kind => addresses(page, kind))) {
    const { headers } = await compressed(context, asset);
    expect(headers['cache-control'], asset).toContain('immutable');
    expect(headers['cache-control'], asset).toMatch(/max-age=31536000/);
  }
});

test('pages are not kept, and run only what the portal has written', async ({ context }) => {
  const paths = ['/login', '/businesses', '/profile', LIST, `${LIST}/999999`, '/as/org_kystkassa', '/as/org_nope', '/nothing'];
  const nonces = new Set<string>();
  for (const path of paths) {
    const { headers } = await compressed(context, path);
    const policy = `${headers['content-security-policy']}`;
    expect(policy, path).toMatch(/script-src [^;]*'nonce-[A-Za-z0-9+/_=-]{16,}'/);
    expect(policy, path).not.toContain('unsafe-inline');
    expect(policy, path).not.toContain("'unsafe-eval'");
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).toContain("frame-ancestors 'none'");
    nonces.add(/'nonce-([^']+)'/.exec(policy)![1]);
    expect(headers['cache-control'], path).toContain('no-store');
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    expect(headers['referrer-policy'], path).toBeTruthy();
  }
  expect(nonces.size).toBe(paths.length);
});

test('what comes from another site changes nothing', async ({ request }) => {
  for (const path of ['/logout', '/profile/preferences', `${LIST}/refresh`, '/login']) {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, {}]) {
      const response = await request.post(path, { form: { theme: 'dark' }, headers: headers as Record<string, string>, maxRedirects: 0 });
      expect(response.status(), `${path} ${JSON.stringify(headers)}`).toBe(403);
    }
  }
  expect((await request.get('/profile', { maxRedirects: 0 })).status()).toBe(200);
});

/** The answer in brotli, as the browser of this context would get it. */
async function compressed(context: BrowserContext, path: string): Promise<RawAnswer> {
  const cookies = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  const answer = await fetchRaw(process.env.PORTAL_URL + path, { 'accept-encoding': 'br', cookie: cookies });
  expect(answer.headers['content-encoding'], path).toBe('br');
  return answer;
}

/** Addresses of files of a kind that a page loads. */
function addresses(page: string, kind: string): string[] {
  return [...page.matchAll(new RegExp(`href="(/pkg/[^"]+\\.${kind})"`, 'g'))].map(([, address]) => address);
}
