import { addStranger, Demo, makeFolder, removeFolder, SALES_UNITS } from './demo';

/** One demo for all tests; they find it under `PORTAL_URL`, and its upstream under `UPSTREAM_URL`. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await makeFolder();
  await addStranger(folder);
  const demo = await Demo.start(folder, '--sales-units', `${SALES_UNITS}`);
  await demo.synced();
  process.env.UPSTREAM_URL = demo.upstreamUrl;
  process.env.PORTAL_URL = demo.url;
  return async () => {
    await demo.stop();
    await removeFolder(folder);
  };
}
