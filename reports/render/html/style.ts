/** The one style sheet of the page. Its digest stands in the page's security policy: nothing else can style it. */
export const STYLE = `
:root{--ink:#111;--soft:#4a4f55;--line:#9aa0a6;--pale:#f1f2f3;--good:#1d6b43;--bad:#b3261e;--doubt:#8a5600;--none:#4a4f55}
*{box-sizing:border-box}
html{font:10pt/1.5 "Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei","Noto Sans",sans-serif;color:var(--ink);background:#fff}
body{max-width:190mm;margin:0 auto;padding:0 5mm 12mm}
a{color:inherit;text-decoration:underline;text-decoration-color:var(--line);text-underline-offset:2px}
a:focus-visible,summary:focus-visible{outline:2px solid #0b4f8a;outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:#fff;padding:4px 8px}
h1{font-size:17pt;line-height:1.3;text-align:center;margin:4mm 0 3mm}h1 .en{font-size:10.5pt;font-weight:400}
h2{font-size:13pt;margin:9mm 0 3mm;border-bottom:1.5px solid var(--ink);padding-bottom:1mm}h2 .no{display:inline-block;min-width:7mm}
h2.lesser{font-size:10.5pt;margin:3.5mm 0 1.5mm;border-bottom:1px solid var(--line)}h2.lesser .key{font-weight:400;font-size:7.5pt;color:var(--soft)}
h3{font-size:11pt;margin:5mm 0 2mm}h4{font-size:10pt;margin:4mm 0 1mm}
h2 .en,h3 .en,h4 .en{font-weight:400;font-size:.85em}
.en,[lang=en]{color:var(--soft);font-size:.92em}
p{margin:0 0 2mm}code{font:.9em/1.35 "Noto Sans Mono","DejaVu Sans Mono",Consolas,Menlo,monospace;overflow-wrap:anywhere}
.print{display:none}
.running{text-align:right;font-size:8pt;margin:4mm 0 0}
.fine,.aside,.clause,.hint{font-size:8pt;color:var(--soft)}.fine{margin-top:1.5mm}
.synthetic{border:2px solid var(--bad);color:var(--bad);text-align:center;padding:1.5mm;font-weight:700}.synthetic .en{color:var(--bad)}
.banner{position:sticky;top:0;z-index:1;background:var(--bad);color:#fff;text-align:center;font-size:8.5pt;padding:1mm}.banner .en{color:#fff}
table{border-collapse:collapse;width:100%;font-size:8.5pt;line-height:1.4}th,td{border:1px solid var(--line);padding:1mm 1.5mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--pale);font-weight:700}th .en,th .aside{font-weight:400}tbody th{font-weight:700}
.identity th{width:15%}.identity td{width:35%}
.verdict{background:#fff;display:grid;grid-template-columns:26mm 1fr;gap:3mm;border:2px solid;padding:2.5mm;margin:2.5mm 0;align-items:center}
.verdict p{margin:0 0 .8mm}.verdict .fine{margin-top:0}.verdict p.zh{font-size:9.5pt;color:var(--ink)}.verdict p.en{font-size:8pt}.verdict .fine{color:var(--soft)}.verdict .standing{font-size:8pt;color:var(--ink)}.verdict .standing.en{color:var(--soft)}
.verdict .word{text-align:center;color:inherit}.verdict .word strong{font-size:18pt;line-height:1.3}.verdict .word .long{font-size:14pt}.verdict .word .longest{font-size:11pt}.verdict .word span{color:inherit;font-size:8pt}
.v-passed{border-color:var(--good);color:var(--good)}.v-not_passed{border-color:var(--bad);color:var(--bad)}.v-cannot_tell,.v-passed_with_deviations{border-color:var(--doubt);color:var(--doubt)}
.tiles{display:grid;grid-template-columns:repeat(8,1fr);gap:1.5mm;list-style:none;margin:0;padding:0}.tiles li{border:1px solid var(--line);text-align:center;padding:1mm .5mm;font-size:8.5pt;line-height:1.35}.tiles b{display:block;font-size:14pt}.tiles span{display:block}.tiles .en{font-size:7.5pt}
.o-pass{color:var(--good)}.o-fail{color:var(--bad)}.o-indeterminate,.o-manual{color:var(--doubt)}.o-error,.o-not_tested,.o-not_applicable{color:var(--none)}.tiles .zero b{color:var(--ink)}.tiles span{color:var(--ink)}.tiles .en{color:var(--soft)}
.outcome{font-weight:700}.outcome span{color:inherit;font-weight:400}
.evidence th{width:22%}.sign{display:grid;grid-template-columns:repeat(3,1fr);gap:0;margin-top:2mm;font-size:8.5pt;line-height:1.4}.sign div{display:grid;grid-template-columns:17mm 1fr;border:1px solid var(--line);margin-left:-1px}.sign dt{background:var(--pale);padding:1mm 1.5mm;border-right:1px solid var(--line)}.sign dd{min-height:10mm;padding:1mm 1.5mm;align-self:end;display:flex;align-items:end}
.targets th[scope=row]{background:#fff;font-weight:400}.targets th[scope=row] a{font-weight:700}.targets,.requirements{table-layout:fixed}.c-target{width:27.5%}.c-claim{width:11%}.c-value{width:24%}.c-margin{width:10.5%}.c-outcome{width:13%}.c-proof{width:14%}.c-metric{width:20%}.c-limit{width:12%}.c-small{width:9%}.requirements .c-value{width:20%}.requirements .c-outcome{width:12%}
.metric{font-size:7.5pt}.devices thead th:first-child{width:15%}.devices thead th:nth-child(2){width:16%}.devices thead th:nth-child(3){width:11%}.networks{margin-bottom:2mm}.rates,.networks{table-layout:fixed}.rates th:first-child{width:12%}.rates th:nth-child(2),.rates th:nth-child(3){width:10%}.rates th:nth-child(4){width:19%}.rates th:nth-child(5){width:16%}.rates th:nth-child(6){width:11%}.networks th:first-child{width:31%}.networks thead th:nth-child(2){width:22%}.networks thead th:nth-child(5){width:11%}
article{border-top:1px solid var(--line);margin-top:3mm}dl{display:grid;grid-template-columns:36mm 1fr;gap:.8mm 3mm;margin:1mm 0;font-size:9pt}dt{font-weight:700}dt .en{font-weight:400}dd{margin:0;overflow-wrap:anywhere}
.actions>li{margin-bottom:3mm}.lead{margin-bottom:.5mm}.reasons{margin:.5mm 0;padding-left:5mm;font-size:9pt}.particular{color:var(--soft);overflow-wrap:anywhere}
figure{margin:2mm 0}figcaption{font-size:8.5pt;margin-bottom:1mm}.chart{display:block;max-width:100%;height:auto}
.chart text{font-size:10px;fill:#111}.chart .tick{font-size:9px;fill:#4a4f55}.chart .sub{font-size:8.5px;fill:#4a4f55}.chart .name{font-weight:700}.chart .figure{font-weight:700;font-size:11px}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:4mm}
.key{font-size:8pt}ul.key{display:flex;flex-wrap:wrap;gap:1mm 5mm;list-style:none;padding:0}ul.key svg{vertical-align:-2px}
.plain,.list{font-size:8.5pt;overflow-wrap:anywhere}.plain{margin:1mm 0;padding-left:5mm}
details{margin:1.5mm 0}summary{cursor:pointer;font-size:9pt;min-height:24px;padding:2px 0}.wide{overflow-x:auto}
.contents{columns:2;font-size:9pt;padding-left:0;list-style:none}.contents a{display:inline-block;min-height:24px;padding:2px 0}.end{text-align:center;margin-top:8mm}
@media(max-width:640px){.wide table{min-width:150mm}.tiles{grid-template-columns:repeat(4,1fr)}.pair{grid-template-columns:1fr}.verdict{grid-template-columns:1fr}dl{grid-template-columns:1fr}}
@page{size:A4;margin:16mm 14mm 15mm}
@media print{html{font-size:9pt;line-height:1.42}#front table{line-height:1.32}#front th,#front td{padding:.7mm 1.2mm}.synthetic{font-size:8.5pt;padding:.8mm;margin:0 0 1.5mm}body{max-width:none;padding:0 .3mm}table{font-size:8pt}.verdict p.zh{font-size:9pt}.verdict p.en,.verdict .fine,.verdict .standing{font-size:7.5pt}.tiles{margin-bottom:0}h2.lesser{margin-top:2.5mm}.screen,.skip,.banner{display:none}.running{display:none}h1{margin:0 0 2mm}figure{margin:1mm 0}a{text-decoration:none}
#targets,#actions,#compute,#method{break-before:page}section>h2:first-child{margin-top:0}section+section>h2:first-child{margin-top:7mm}#targets>h2:first-child,#actions>h2:first-child,#compute>h2:first-child,#method>h2:first-child{margin-top:0}
h2,h3,h4,figcaption,.lead{break-after:avoid}tr,figure,.verdict,.tiles,.sign,.evidence tr{break-inside:avoid}thead{display:table-header-group}.print{display:block}summary{list-style:none}details:not([open]){display:none}.wide{overflow:visible}}
`;
