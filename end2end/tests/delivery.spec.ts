import { type BrowserContext } from '@playwright/test';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from './support/portal';
import { type RawAnswer, fetchRaw } from './support/raw-http';

const PARTNER = '/as/org_kystkassa';
const LIST = `${PARTNER}/sales-units`;

for (const list of ['sales-units', 'product-orders', 'merchants', 'webhooks']) {
  test(`the list of ${list.replace('-', ' ')} weighs at most 15 kB until it can be used, with its islands 110 kB more`, async ({ context }) => {
    const page = await compressed(context, `${PARTNER}/${list}`);
    const html = brotliDecompressSync(page.body).toString();
    const [style] = addresses(html, 'css');
    const styleSheet = await compressed(context, style);
    const usable = page.body.length + styleSheet.body.length;
    expect(usable, `page ${page.body.length}, style sheet ${styleSheet.body.length}`).toBeLessThanOrEqual(15_000);

    const scripts = [...addresses(html, 'js'), ...addresses(html, 'wasm')];
    expect(scripts.length).toBeGreaterThanOrEqual(2);
    const sizes = await Promise.all(scripts.map(async script => (await compressed(context, script)).body.length));
    expect(sizes.reduce((sum, size) => sum + size), `${scripts}`).toBeLessThanOrEqual(110_000);
  });
}

test('what a page loads is kept by the browser for good', async ({ context }) => {
  const page = brotliDecompressSync((await compressed(context, LIST)).body).toString();
  for (const asset of ['css', 'js', 'wasm'].flatMap(kind => addresses(page, kind))) {
    const { headers } = await compressed(context, asset);
    expect(headers['cache-control'], asset).toContain('immutable');
    expect(headers['cache-control'], asset).toMatch(/max-age=31536000/);
  }
});

test('pages are not kept, and run only what the portal has written', async ({ context }) => {
  const sections = ['merchants', 'product-orders', 'product-orders/new', 'templates', 'templates/new', 'price-packages', 'webhooks', 'webhooks/new', 'webhooks/coverage', 'members', 'settings'];
  const others = ['/login', '/businesses', '/profile', LIST, `${LIST}/999999`, PARTNER, '/as/org_nope', '/nothing', '/t/AAAAAAAAAAAAAAAAAAAAAA'];
  const paths = [...others, ...sections.map(section => `${PARTNER}/${section}`)];
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
  const sent = ['product-orders/new', 'product-orders/refresh', 'templates/new', 'webhooks/new', 'price-packages/refresh', 'members', 'settings'];
  const paths = ['/logout', '/profile/preferences', `${LIST}/refresh`, '/login', '/t/AAAAAAAAAAAAAAAAAAAAAA', ...sent.map(path => `${PARTNER}/${path}`)];
  for (const path of paths) {
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
