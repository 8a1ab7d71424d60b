import { smallReport, fleetReport } from './unit/reports/render/fixture.ts';
import { renderHtml } from '../reports/render/html.ts';
import { renderPdf } from '../reports/render/pdf.ts';
import { createHash } from 'node:crypto';
const r=smallReport(); const f=fleetReport(200,8);
for (let i=0;i<6;i++){ const p = await renderPdf(renderHtml(r), {number:r.number,synthetic:r.synthetic,at:r.judgedAt,root:true});
 const q = await renderPdf(renderHtml(f), {number:r.number,synthetic:r.synthetic,at:r.judgedAt,root:true});
 console.log([p,q].map(x=>createHash('sha256').update(x).digest('hex').slice(0,12)).join(' '));}
