import { expect, test } from './support/own-demo';
import { fromOfferToEnd } from './support/recurring';

// On an upstream of its own: in it days go by, and not for anybody else.
test.use({ demoSettings: ['--recurring', '3'] });

const MERCHANT = '/as/org_m_blabaer_kaffe';

test('from the offer over the customer’s yes to a charge that fails, and to the end, in today’s version', async ({ page, openOwn, context }) => {
  await openOwn(`${MERCHANT}/agreements`);
  await expect(page.getByText('Recurring API: Version 3, today\'s, found out by asking.')).toBeVisible();
  await fromOfferToEnd(page, openOwn, context, MERCHANT, '');
});
