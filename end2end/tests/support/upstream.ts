import { type APIRequestContext, request } from '@playwright/test';
import { type Keys, keysOf, SIGNED_OUT } from './demo';

/** Deactivates the sales unit that a merchant's keys belong to, or activates it again: with these keys, past the portal. */
export async function setActive(merchant: string, active: boolean): Promise<string> {
  const keys = await keysOf(merchant);
  const upstream = await request.newContext({ baseURL: process.env.UPSTREAM_URL, storageState: SIGNED_OUT });
  try {
    const response = await upstream.patch(`/management/v1/sales-units/${keys.msn}`, {
      headers: await headers(upstream, keys),
      data: { status: active ? 'ACTIVE' : 'DEACTIVATED' },
    });
    if (!response.ok()) throw new Error(`${merchant} was refused: ${response.status()} ${await response.text()}`);
    return keys.msn!;
  } finally {
    await upstream.dispose();
  }
}

async function headers(upstream: APIRequestContext, keys: Keys): Promise<Record<string, string>> {
  const system = { 'Ocp-Apim-Subscription-Key': keys.subscription_key, 'Merchant-Serial-Number': keys.msn! };
  const names = ['Vipps-System-Name', 'Vipps-System-Version', 'Vipps-System-Plugin-Name', 'Vipps-System-Plugin-Version'];
  names.forEach(name => Object.assign(system, { [name]: 'end2end' }));
  const credentials = { client_id: keys.client_id, client_secret: keys.client_secret };
  const response = await upstream.post('/accesstoken/get', { headers: { ...system, ...credentials } });
  const { access_token: token } = await response.json();
  return { ...system, Authorization: `Bearer ${token}` };
}
