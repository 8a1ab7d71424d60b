import type { Accelerator, Inventory } from '../../../model/inventory.ts';
import type { Report } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { LABELS } from '../../text/catalog.ts';
import { binaryBytes, quantity, whole } from '../../text/quantity.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, type Markup, markup } from '../markup.ts';
import { byName } from '../summary.ts';
import { deviceLine } from './nodes.ts';
import { column, fold, section } from './section.ts';

/** Most different configurations that are written out, the most frequent first. */
const MOST = 24;

type Row = readonly [Text, string, string];

/** What was found on the machines, every fact with its source; nodes of one configuration stand together. */
export function inventory(report: Report): Markup {
  const groups = new Map<string, Inventory[]>();
  for (const one of report.inventories) {
    const key = JSON.stringify([rows(one).map(([, value]) => value), one.software]);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length || byName(a[0]!.node, b[0]!.node));
  return section(
    'inventory',
    markup`${sorted.slice(0, MOST).map((group) => configuration(group, sorted.length <= 2))}${sorted.length > MOST && markup`<p>${both(SENTENCES.more(sorted.length - MOST))}</p>`}`,
  );
}

function configuration(group: readonly Inventory[], open: boolean): Markup {
  const one = group[0]!;
  const names = group.map((g) => g.node).sort(byName);
  const title =
    group.length === 1
      ? markup`<b>${one.node}</b>`
      : markup`<b>${both(LABELS.sameHardware)}</b> (${whole(group.length)}): ${names.slice(0, 6).join(', ')}${names.length > 6 && ' …'}`;
  return fold(
    title,
    markup`<div class="wide"><table class="facts"><thead><tr>${column('fact')}${column('value')}${column('source')}</tr></thead><tbody>${rows(one).map(([name, value, source]) => markup`<tr><th scope="row">${both(name)}</th><td>${value}</td><td class="aside">${source}</td></tr>`)}</tbody></table></div>
${accelerators(one, group.length === 1)}
${one.software.length > 0 && markup`<h3>${both(LABELS.software)}</h3><p class="list">${[...one.software].sort((a, b) => (a.name < b.name ? -1 : 1)).map((s, i) => `${i > 0 ? ' · ' : ''}${s.name} ${s.version}`)}</p>`}
${one.findings.length > 0 && markup`<h3>${both(LABELS.findings)}</h3><ul>${one.findings.map((f) => markup`<li><code>${f.code}</code> ${f.device ?? ''} ${f.detail}</li>`)}</ul>`}
${one.unread.length > 0 && markup`<h3>${both(LABELS.unread)}</h3><div class="wide"><table class="facts"><thead><tr>${column('fact')}${column('source')}${column('why')}</tr></thead><tbody>${one.unread.map((u) => markup`<tr><th scope="row">${u.what}</th><td>${u.source}</td><td>${u.why}</td></tr>`)}</tbody></table></div>`}`,
    open,
  );
}

function accelerators(one: Inventory, named: boolean): Markup {
  const found = one.tools.filter((tool) => tool.found).map((tool) => `${tool.name} ${tool.version ?? ''}`.trim());
  const absent = one.tools.filter((tool) => !tool.found).map((tool) => tool.name);
  const none = one.accelerators.length === 0 && one.tools.every((tool) => !tool.found);
  return markup`<h3>${both(LABELS.accelerators)}</h3>
${none && markup`<p>${both(LABELS.noAccelerator)}</p>`}
${named && one.accelerators.length > 0 && markup`<ul class="plain">${one.accelerators.map((a) => markup`<li>${deviceLine(a)}${versions(a)}</li>`)}</ul>`}
${one.tools.length > 0 && markup`<p class="list"><b>${both(LABELS.tools)}</b> ${found.length > 0 && markup`${both(LABELS.found)}: ${found.join(', ')}. `}${absent.length > 0 && markup`${both(LABELS.notFound)}: ${absent.join(', ')}`}</p>`}`;
}

function versions(a: Accelerator): string {
  return [a.driver && `driver ${a.driver.value}`, a.firmware && `firmware ${a.firmware.value}`, a.runtime?.value]
    .filter(Boolean)
    .map((part) => ` · ${part}`)
    .join('');
}

/** Facts that make a configuration: nothing in here tells one machine from another of the same make. */
function rows(one: Inventory): Row[] {
  const { host, cpu, memory } = one;
  const found: (Row | undefined)[] = [
    text({ zh: '制造商', en: 'Manufacturer' }, host.manufacturer),
    text({ zh: '产品型号', en: 'Product' }, host.product),
    text({ zh: '操作系统', en: 'Operating system' }, host.os),
    text({ zh: '内核', en: 'Kernel' }, host.kernel),
    text({ zh: '虚拟化', en: 'Virtualisation' }, host.virtualization),
    text({ zh: '容器', en: 'Container' }, host.container),
    text({ zh: '处理器', en: 'Processor' }, cpu.model),
    text({ zh: '架构', en: 'Architecture' }, cpu.architecture),
    number({ zh: '插槽数', en: 'Sockets' }, cpu.sockets, ''),
    number({ zh: '物理核', en: 'Physical cores' }, cpu.physicalCores, ''),
    number({ zh: '逻辑核', en: 'Logical cores' }, cpu.logicalCores, ''),
    number({ zh: '基准频率', en: 'Base clock' }, cpu.baseClockMHz, ' MHz'),
    cpu.simd && [{ zh: '向量与矩阵扩展', en: 'SIMD' }, cpu.simd.value.join(', '), cpu.simd.source],
    memory.totalBytes && [
      { zh: '内存', en: 'Memory' },
      `${quantity(memory.totalBytes.value, 'B')} = ${binaryBytes(memory.totalBytes.value)}`,
      memory.totalBytes.source,
    ],
    ...count(one.accelerators.map((a) => `${a.vendor.value} ${a.chip?.value ?? ''}`.trim())).map(
      ([name, n]): Row => [{ zh: '加速卡', en: 'Accelerator' }, `${n} × ${name}`, one.accelerators[0]!.vendor.source],
    ),
    ...one.disks.map(
      (disk): Row => [
        { zh: '磁盘', en: 'Disk' },
        [
          disk.name,
          disk.vendor?.value,
          disk.model?.value,
          disk.bytes && quantity(disk.bytes.value, 'B'),
          disk.type?.value,
        ]
          .filter(Boolean)
          .join(' · '),
        disk.bytes?.source ?? disk.model?.source ?? '',
      ],
    ),
    ...one.mounts.map(
      (mount): Row => [
        { zh: '文件系统', en: 'File system' },
        [mount.path, mount.fsType, mount.totalBytes && quantity(mount.totalBytes.value, 'B')]
          .filter(Boolean)
          .join(' · '),
        mount.totalBytes?.source ?? '',
      ],
    ),
    ...one.links.map(
      (link): Row => [
        { zh: '网络接口', en: 'Network link' },
        [link.name, link.speedMbps && quantity(link.speedMbps.value * 1e6, 'bit/s')].filter(Boolean).join(' · '),
        link.speedMbps?.source ?? link.up?.source ?? '',
      ],
    ),
  ];
  return found.filter((row): row is Row => row !== undefined);
}

function text(name: Text, fact: { value: string; source: string } | undefined): Row | undefined {
  return fact && [name, fact.value, fact.source];
}

function number(name: Text, fact: { value: number; source: string } | undefined, unit: string): Row | undefined {
  return fact && [name, `${whole(fact.value)}${unit}`, fact.source];
}

function count(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
