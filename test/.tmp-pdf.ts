import { smallReport, fleetReport } from './unit/reports/render/fixture.ts';
import { renderHtml } from '../reports/render/html.ts';
import { renderPdf } from '../reports/render/pdf.ts';
import { writeFileSync } from 'node:fs';
for (const [name, r] of [['a', smallReport()],['b', smallReport()],['f',fleetReport(2000,8)]] as const){
 const t=performance.now();
 const p = await renderPdf(renderHtml(r), {number:r.number,synthetic:r.synthetic,at:r.judgedAt,root:true});
 writeFileSync(`/tmp/out/${name}.pdf`,p); console.log(name,p.length,Math.round(performance.now()-t),'ms');
}
