import { expect, test } from './support/own-demo';
import { fromOfferToEnd, inDays } from './support/recurring';

// Each version on an upstream of its own: in it days go by, and not for anybody else.
const MERCHANT = '/as/org_m_blabaer_kaffe';

test.describe('the first version', () => {
  test.use({ demoSettings: ['--recurring', '1'] });

  test('from the offer over the customer’s yes to a charge that fails, and to the end', async ({ page, openOwn, context }) => {
    await openOwn(`${MERCHANT}/agreements`);
    await expect(page.getByText('Recurring API: Version 1, of 2018, found out by asking.')).toBeVisible();
    await fromOfferToEnd(page, openOwn, context, MERCHANT, inDays(2));
  });
});

test.describe('today’s version', () => {
  test.use({ demoSettings: ['--recurring', '3'] });

  test('from the offer over the customer’s yes to a charge that fails, and to the end', async ({ page, openOwn, context }) => {
    await openOwn(`${MERCHANT}/agreements`);
    await expect(page.getByText('Recurring API: Version 3, today\'s, found out by asking.')).toBeVisible();
    await fromOfferToEnd(page, openOwn, context, MERCHANT, '');
  });
});
