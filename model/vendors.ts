import type { Accelerator, Inventory } from './inventory.ts';
import type { Text } from './text.ts';
import { hostOf, isIdentity } from './uniqueness.ts';

export const PART_KINDS = ['accelerator', 'cpu', 'server', 'storage'] as const;
export type PartKind = (typeof PART_KINDS)[number];

/** How "domestic" is read; printed beside every share. */
export const DOMESTIC_READING: Text = {
  zh: '“国产”指以自有品牌设计并销售该产品的厂商注册于中国大陆；不考察晶圆产地、指令集授权与组装地。服务器按整机品牌计，存储设备按硬盘品牌计。无法识别厂商的不计为国产，单独列出。',
  en: 'Domestic means that the vendor who designs the product and sells it under its own name is registered in mainland China; where wafers are made, who licensed the instruction set and where it is assembled are not looked at. Servers count by the brand of the machine, storage devices by the brand of the drive. A vendor that is not recognised does not count as domestic and is listed.',
};

interface VendorEntry {
  readonly name: string;
  readonly makes: readonly PartKind[];
  readonly domestic: boolean;
  /** Whole words, lower case, as tools, DMI and drives write them. */
  readonly words: readonly string[];
}

const of =
  (domestic: boolean, makes: readonly PartKind[]) =>
  (name: string, ...words: string[]): VendorEntry => ({
    name,
    makes,
    domestic,
    words: words.length > 0 ? words : [name.toLowerCase()],
  });
const home = {
  accelerator: of(true, ['accelerator']),
  cpu: of(true, ['cpu']),
  server: of(true, ['server']),
  storage: of(true, ['storage']),
};
const abroad = {
  chip: of(false, ['accelerator', 'cpu']),
  server: of(false, ['server']),
  storage: of(false, ['storage']),
};

/** Vendors and whether they are domestic by the reading above. Data: an evaluator may disagree and say so. */
export const VENDOR_LIST: readonly VendorEntry[] = [
  home.accelerator('Huawei Ascend', 'huawei ascend', 'ascend'),
  home.accelerator('Cambricon'),
  of(true, ['accelerator', 'cpu'])('Hygon', 'hygon', 'haiguang', '海光'),
  home.accelerator('Kunlunxin', 'kunlunxin', 'kunlun'),
  home.accelerator('Moore Threads'),
  home.accelerator('MetaX'),
  home.accelerator('Iluvatar CoreX', 'iluvatar'),
  home.accelerator('Biren'),
  home.accelerator('Enflame'),
  home.accelerator('T-Head', 't-head'),
  home.cpu('HiSilicon', 'hisilicon', 'kunpeng'),
  home.cpu('Phytium', 'phytium', '飞腾'),
  home.cpu('Loongson', 'loongson', '龙芯'),
  home.cpu('Zhaoxin', 'zhaoxin', '兆芯'),
  home.cpu('Sunway', 'sunway', 'shenwei', '申威'),
  abroad.chip('NVIDIA'),
  abroad.chip('AMD', 'amd', 'advanced micro devices'),
  abroad.chip('Intel'),
  abroad.chip('ARM'),
  abroad.chip('Ampere'),
  abroad.chip('Fujitsu'),
  abroad.chip('VIA'),
  of(true, ['server', 'storage'])('Huawei', 'huawei', '华为'),
  home.server('xFusion', 'xfusion', '超聚变'),
  of(true, ['server', 'storage'])('Inspur', 'inspur', 'ieit systems', '浪潮'),
  home.server('H3C', 'h3c', 'new h3c', '新华三'),
  home.server('Sugon', 'sugon', 'dawning', '曙光'),
  home.server('Lenovo', 'lenovo', '联想'),
  home.server('ZTE', 'zte', '中兴'),
  home.server('Great Wall', 'great wall', 'greatwall', '长城'),
  home.server('Nettrix', 'nettrix', '宁畅'),
  home.server('PowerLeader', 'powerleader', '宝德'),
  home.server('Tongfang', 'tongfang', '同方'),
  home.server('FiberHome', 'fiberhome', '烽火'),
  home.server('Huakun Zhenyu', 'huakun', '华鲲'),
  home.server('KunTai', 'kuntai', 'digital china', '神州'),
  home.server('Yangtze Computing', 'yangtze computing', '长江计算'),
  home.server('Enginetech', 'enginetech', '安擎'),
  abroad.server('Dell', 'dell', 'dell inc'),
  abroad.server('HPE', 'hpe', 'hp', 'hewlett-packard', 'hewlett packard'),
  abroad.server('Supermicro', 'supermicro', 'super micro'),
  abroad.server('IBM'),
  abroad.server('Cisco'),
  abroad.server('Fujitsu'),
  abroad.server('NVIDIA'),
  abroad.server('Gigabyte', 'gigabyte', 'giga computing'),
  abroad.server('ASUS', 'asus', 'asustek'),
  abroad.server('Quanta', 'quanta', 'qct'),
  abroad.server('Wiwynn'),
  home.storage('YMTC', 'ymtc', 'zhitai', '致态', '长江存储'),
  home.storage('DapuStor', 'dapustor', '大普微'),
  home.storage('Memblaze', 'memblaze', '忆恒'),
  home.storage('Union Memory', 'union memory', 'unionmemory', 'ramaxel', '忆联'),
  home.storage('Longsys', 'longsys', 'foresee', '江波龙'),
  home.storage('Biwin', 'biwin', '佰维'),
  home.storage('Hiksemi', 'hiksemi', 'hikvision', 'hikstorage'),
  home.storage('Shannon Systems', 'shannon systems', 'shannon'),
  home.storage('Starblaze'),
  abroad.storage('Samsung'),
  abroad.storage('Intel'),
  abroad.storage('Solidigm'),
  abroad.storage('Micron', 'micron', 'crucial'),
  abroad.storage('Western Digital', 'western digital', 'wdc', 'wd', 'sandisk', 'hgst', 'hitachi'),
  abroad.storage('Seagate', 'seagate'),
  abroad.storage('Kioxia', 'kioxia', 'toshiba'),
  abroad.storage('SK hynix', 'sk hynix', 'hynix'),
  abroad.storage('Kingston'),
  abroad.storage('Dell'),
  abroad.storage('HPE', 'hpe', 'hp'),
];

/** Whether a vendor of a kind of part is domestic; undefined for one that the list does not know. */
export function isDomestic(kind: PartKind, ...texts: readonly (string | undefined)[]): boolean | undefined {
  return vendorOf(kind, ...texts)?.domestic;
}

function vendorOf(kind: PartKind, ...texts: readonly (string | undefined)[]): VendorEntry | undefined {
  const text = ` ${texts
    .filter(Boolean)
    .join(' ')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}-]+/gu, ' ')} `;
  let found: { entry: VendorEntry; length: number } | undefined;
  for (const entry of VENDOR_LIST) {
    if (!entry.makes.includes(kind)) continue;
    for (const word of entry.words) {
      // Chinese names stand without spaces around them.
      const hit = /\p{Script=Han}/u.test(word) ? text.includes(word) : text.includes(` ${word} `);
      if (hit && word.length > (found?.length ?? 0)) found = { entry, length: word.length };
    }
  }
  return found?.entry;
}

/** Domestic share of one kind of part over a fleet. */
export interface Share {
  readonly kind: PartKind;
  readonly counted: number;
  readonly domestic: number;
  readonly foreign: number;
  /** Parts whose vendor is not recognised, by what they call themselves. They count in the whole. */
  readonly unknown: readonly { name: string; count: number }[];
  /** Domestic ÷ counted; absent where nothing was counted: no part is no share. */
  readonly ratioByCount?: number;
  /** The same by capacity; absent unless the capacity of every counted part is known. */
  readonly capacity?: {
    readonly total: number;
    readonly domestic: number;
    readonly unit: string;
    readonly ratio: number;
  };
}

/** Measured capacities: by `node/accelerator id`, and by node for processors; all in one unit each. */
export interface MeasuredCapacity {
  readonly unit: string;
  readonly accelerators?: Readonly<Record<string, number>>;
  readonly cpus?: Readonly<Record<string, number>>;
}

/** More processors than any machine has: a node that states more is not believed. */
const MOST_SOCKETS = 1024;

interface Part {
  readonly name: string;
  readonly domestic: boolean | undefined;
  readonly capacity: number | undefined;
}

/**
 * Domestic shares of accelerators (cards), processors (sockets), servers (machines) and storage devices, by count and,
 * where every capacity is known, by capacity: what cards and processors were measured to do, bytes of storage, and of a
 * server what its cards do, or its processors where it has no card. What stands behind several containers of one machine
 * counts once.
 */
export function domesticShare(inventories: readonly Inventory[], measured?: MeasuredCapacity): Share[] {
  const hosts = hostOf(inventories);
  const firstOfHost = [...Map.groupBy(inventories, (inventory) => hosts.get(inventory)).values()].map(([one]) => one!);
  const unit = measured?.unit ?? '';
  const cards = distinctCards(inventories, hosts, measured);
  const cardsOf = Map.groupBy(cards, ({ host }) => host);
  return [
    share('accelerator', unit, cards),
    share(
      'cpu',
      unit,
      firstOfHost.flatMap((inventory) => {
        const { vendor, model, sockets } = inventory.cpu;
        const capacity = measured?.cpus?.[inventory.node];
        const count = Math.min(MOST_SOCKETS, Math.max(1, Math.floor(sockets?.value ?? 1)));
        const part = {
          name: model?.value ?? vendor?.value ?? 'unknown',
          domestic: isDomestic('cpu', vendor?.value),
          capacity: capacity === undefined ? undefined : capacity / count,
        };
        return Array.from({ length: count }, () => part);
      }),
    ),
    share(
      'server',
      unit,
      firstOfHost.map((inventory) => ({
        name:
          [inventory.host.manufacturer?.value, inventory.host.product?.value].filter(Boolean).join(' ') || 'unknown',
        domestic: isDomestic('server', inventory.host.manufacturer?.value),
        capacity: serverCapacity(cardsOf.get(hosts.get(inventory)!) ?? [], measured?.cpus?.[inventory.node]),
      })),
    ),
    share('storage', 'B', distinctDisks(inventories, hosts)),
  ];
}

function serverCapacity(cards: readonly Part[], cpus: number | undefined): number | undefined {
  if (cards.length === 0) return cpus;
  const sum = cards.reduce((total, { capacity }) => total + (capacity ?? Number.NaN), 0);
  return Number.isFinite(sum) ? sum : undefined;
}

function distinctCards(
  inventories: readonly Inventory[],
  hosts: ReadonlyMap<Inventory, string>,
  measured: MeasuredCapacity | undefined,
): (Part & { readonly host: string })[] {
  const parts = new Map<string, Part & { readonly host: string }>();
  for (const inventory of inventories) {
    for (const device of inventory.accelerators) {
      if (device.kind !== 'package') continue;
      const host = hosts.get(inventory)!;
      const key = cardKey(device, host, inventory.node);
      const capacity = measured?.accelerators?.[`${inventory.node}/${device.id}`] ?? parts.get(key)?.capacity;
      const name = device.chip?.value ?? device.vendor.value;
      parts.set(key, { name, host, domestic: isDomestic('accelerator', device.vendor.value), capacity });
    }
  }
  return [...parts.values()];
}

function cardKey(device: Accelerator, host: string, node: string): string {
  if (isIdentity(device.uuid?.value)) return `uuid ${device.uuid!.value.toLowerCase()}`;
  if (isIdentity(device.serial?.value)) return `serial ${device.vendor.value} ${device.serial!.value}`;
  return device.pciAddress ? `pci ${host} ${device.pciAddress.value}` : `id ${node} ${device.id}`;
}

function distinctDisks(inventories: readonly Inventory[], hosts: ReadonlyMap<Inventory, string>): Part[] {
  const parts = new Map<string, Part>();
  for (const inventory of inventories) {
    for (const disk of inventory.disks) {
      const serial = disk.serial?.value;
      const key = isIdentity(serial)
        ? `serial ${disk.model?.value} ${serial}`
        : `name ${hosts.get(inventory)} ${disk.name}`;
      const name = [disk.vendor?.value, disk.model?.value].filter(Boolean).join(' ') || disk.name;
      const domestic = isDomestic('storage', disk.vendor?.value, disk.model?.value);
      parts.set(key, { name, domestic, capacity: disk.bytes?.value });
    }
  }
  return [...parts.values()];
}

function share(kind: PartKind, unit: string, parts: readonly Part[]): Share {
  const domestic = parts.filter((part) => part.domestic === true);
  const unknown = Map.groupBy(
    parts.filter((part) => part.domestic === undefined),
    (part) => part.name,
  );
  const result: Share = {
    kind,
    counted: parts.length,
    domestic: domestic.length,
    foreign: parts.filter((part) => part.domestic === false).length,
    unknown: [...unknown].map(([name, list]) => ({ name, count: list.length })),
  };
  if (parts.length === 0) return result;
  const ratioByCount = domestic.length / parts.length;
  const sum = (list: readonly Part[]) => list.reduce((total, part) => total + (part.capacity ?? Number.NaN), 0);
  const total = sum(parts);
  if (!(total > 0 && Number.isFinite(total))) return { ...result, ratioByCount };
  const home = domestic.length > 0 ? sum(domestic) : 0;
  return { ...result, ratioByCount, capacity: { total, domestic: home, unit, ratio: home / total } };
}
