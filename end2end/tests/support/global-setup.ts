import { addPeople, admit, Demo, makeFolder, removeFolder, SALES_UNITS, VIEWER } from './demo';

/** One demo for all tests; they find it under `PORTAL_URL`, and its upstream under `UPSTREAM_URL`. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await makeFolder();
  await addPeople(folder);
  const demo = await Demo.start(folder, '--sales-units', `${SALES_UNITS}`);
  await demo.synced();
  await admit(demo.url, VIEWER, 'org_nordbetaling', 'viewer');
  process.env.UPSTREAM_URL = demo.upstreamUrl;
  process.env.PORTAL_URL = demo.url;
  return async () => {
    await demo.stop();
    await removeFolder(folder);
  };
}
