import { type Accelerator, FINDING_TEXT, type Inventory } from '../../model/inventory.ts';

/** The inventory as a person reads it on a terminal, labels in Chinese and English. Pure; every fact that is shown has its unit. */
export function inventoryTable(inventory: Inventory): string {
  return [
    ...section('节点 Node', nodeRows(inventory)),
    ...section('处理器 Processor', cpuRows(inventory)),
    ...section('存储与网络 Storage and network', storageRows(inventory)),
    ...accelerators(inventory.accelerators),
    ...section('工具 Tools', toolRows(inventory)),
    ...findings(inventory),
  ].join('\n');
}

type Row = readonly [label: string, value: string];

function nodeRows({ node, takenAt, host, memory }: Inventory): Row[] {
  const rows: Row[] = [
    ['节点 Node', node],
    ['时间 Taken at', takenAt],
  ];
  const machine = [host.manufacturer?.value, host.product?.value].filter(Boolean).join(' ');
  if (host.hostname) rows.push(['主机名 Hostname', host.hostname.value]);
  if (machine) rows.push(['机型 Machine', machine]);
  if (host.os || host.kernel) {
    rows.push(['操作系统 System', [host.os?.value, host.kernel?.value].filter(Boolean).join(', ')]);
  }
  if (host.virtualization) rows.push(['虚拟化 Virtualization', host.virtualization.value]);
  if (host.container) rows.push(['容器 Container', host.container.value]);
  if (memory.totalBytes) {
    rows.push(['内存 Memory', `${size(memory.totalBytes.value)}${memory.type ? ` ${memory.type.value}` : ''}`]);
  }
  return rows;
}

function cpuRows({ cpu }: Inventory): Row[] {
  const rows: Row[] = [];
  const model = cpu.model?.value ?? '未知 unknown';
  rows.push(['型号 Model', cpu.vendor && !model.includes(cpu.vendor.value) ? `${cpu.vendor.value} ${model}` : model]);
  const counts = [
    cpu.sockets ? `${cpu.sockets.value} 路 sockets` : '',
    cpu.physicalCores ? `${cpu.physicalCores.value} 核 cores` : '',
    cpu.logicalCores ? `${cpu.logicalCores.value} 线程 threads` : '',
  ].filter(Boolean);
  if (counts.length > 0) rows.push(['规模 Size', counts.join(', ')]);
  if (cpu.simd) rows.push(['指令扩展 Extensions', cpu.simd.value.join(' ')]);
  for (const peak of cpu.peaks ?? []) {
    rows.push([
      `理论峰值 Peak ${peak.precision}`,
      `${operations(peak.opsPerSecond)} @ ${Math.round(peak.clockMHz)} MHz`,
    ]);
  }
  return rows;
}

function storageRows({ disks, mounts, links }: Inventory): Row[] {
  const rows: Row[] = [];
  for (const disk of disks) {
    const facts = [disk.vendor?.value, disk.model?.value, disk.type?.value, disk.bytes ? size(disk.bytes.value) : ''];
    rows.push([`磁盘 Disk ${disk.name}`, facts.filter(Boolean).join(', ')]);
  }
  for (const mount of mounts) {
    const free = mount.availableBytes ? `, ${size(mount.availableBytes.value)} 可用 free` : '';
    rows.push([`挂载 Mount ${mount.path}`, `${mount.device} (${mount.fsType})${free}`]);
  }
  for (const link of links) {
    const speed = link.speedMbps ? `${link.speedMbps.value} Mbit/s` : '速率未知 speed unknown';
    rows.push([`网络 Link ${link.name}`, `${link.up?.value === false ? '断开 down, ' : ''}${speed}`]);
  }
  return rows;
}

const KIND = { package: '卡 card', die: '芯片 die', partition: '切片 slice' } as const;

function accelerators(devices: readonly Accelerator[]): string[] {
  const cards = devices.filter((device) => device.kind === 'package').length;
  const title = `加速卡 Accelerators: ${cards} 张 cards`;
  if (devices.length === 0) return ['', title];
  const header = [
    '编号 Id',
    '类别 Kind',
    '厂商 Vendor',
    '芯片 Chip',
    'PCI',
    '显存 Memory',
    '温度 °C',
    '功耗 W',
    '占用 Busy',
  ];
  const rows = devices.map((device) => [
    device.kind === 'package' ? device.id : `  ${device.id}`,
    KIND[device.kind],
    device.vendor.value,
    device.chip?.value ?? '?',
    device.pciAddress?.value ?? '-',
    device.memoryBytes ? size(device.memoryBytes.value, true) : '-',
    device.temperatureC ? String(device.temperatureC.value) : '-',
    device.powerW ? String(device.powerW.value) : '-',
    device.utilization ? `${Math.round(device.utilization.value * 100)} %` : '-',
  ]);
  return ['', title, ...columns([header, ...rows]).map((line) => `  ${line}`)];
}

function toolRows({ tools, software }: Inventory): Row[] {
  const found = tools.filter((tool) => tool.found);
  const missing = tools.filter((tool) => !tool.found).map((tool) => tool.name);
  return [
    ...found.map((tool): Row => [tool.name, [tool.version, tool.path].filter(Boolean).join(' ') || '已安装 installed']),
    ...software.map((part): Row => [part.name, part.version]),
    ...(missing.length > 0 ? [['未安装 Not installed', missing.join(' ')] as const] : []),
  ];
}

function findings({ findings, unread }: Inventory): string[] {
  const lines: string[] = [];
  if (findings.length > 0) lines.push('', '需要注意 Findings');
  for (const finding of findings) {
    const text = FINDING_TEXT[finding.code];
    const [first = '', ...rest] = printable(finding.detail).split('\n');
    lines.push(`  ! ${finding.code}${text ? ` ${text.zh} ${text.en}` : ''}`, `    ${first}`);
    if (rest.length > 0) lines.push(`    … ${rest.length} 行见 JSON lines more, see --json`);
  }
  if (unread.length > 0) lines.push('', '未能读取 Not readable');
  for (const item of unread)
    lines.push(`  - ${printable(item.what)}: ${printable(item.why)} (${printable(item.source)})`);
  return lines;
}

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  return ['', title, ...columns(rows.map(([label, value]) => [label, value])).map((line) => `  ${line}`)];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  return clean.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(widths[i]! - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** Columns on a terminal: East Asian wide characters take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text)
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1;
  return columns;
}

/** What a tool printed must not steer the reader's terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

/** Decimal unit, with binary beside it where vendors speak binary. */
function size(bytes: number, binary = false): string {
  if (binary) return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

function operations(perSecond: number): string {
  return perSecond >= 1e12 ? `${(perSecond / 1e12).toFixed(2)} Tops/s` : `${(perSecond / 1e9).toFixed(1)} Gops/s`;
}
