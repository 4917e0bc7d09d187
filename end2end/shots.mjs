import { chromium } from '@playwright/test';
const base='http://127.0.0.1:3100';
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-gpu']});
const targets=process.argv.slice(2);
const ctx0=await b.newContext(); const p0=await ctx0.newPage();
await p0.goto(base+'/login'); await p0.fill('[name=email]','demo@example.com'); await p0.fill('[name=password]','partner-portal-demo'); await p0.click('button[type=submit]'); await p0.waitForURL(u=>!u.pathname.startsWith('/login'));
const state=await ctx0.storageState();
for (const [w,scheme] of [[1280,'light'],[1280,'dark'],[375,'light'],[375,'dark']]) {
  const c=await b.newContext({storageState:state,viewport:{width:w,height:900},colorScheme:scheme});
  const p=await c.newPage();
  for (const t of targets){ const [name,path]=t.split('=',1).concat(t.slice(t.indexOf('=')+1)); 
    await p.goto(base+path); await p.waitForTimeout(300); await p.screenshot({path:`/tmp/shots/${name}-${w}-${scheme}.png`,fullPage:true}); }
  await c.close();
}
await b.close();
