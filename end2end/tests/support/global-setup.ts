import { addStranger, Demo, makeFolder, removeFolder } from './demo';

/** One demo for all tests; they find it under `PORTAL_URL`. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await makeFolder();
  await addStranger(folder);
  const demo = await Demo.start(folder, '--sales-units', '600');
  await demo.synced();
  process.env.PORTAL_URL = demo.url;
  return async () => {
    await demo.stop();
    await removeFolder(folder);
  };
}
