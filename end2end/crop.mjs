import { chromium } from '@playwright/test';
const [src,out,y,h,w]=process.argv.slice(2);
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox']});
const p=await b.newPage({viewport:{width:+(w||375),height:+h}});
await p.setContent(`<body style="margin:0"><div style="height:${h}px;overflow:hidden"><img src="data:image/png;base64,${(await import('fs')).readFileSync(src).toString('base64')}" style="margin-top:-${y}px"></div>`);
await p.screenshot({path:out}); await b.close();
