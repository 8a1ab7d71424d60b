import type { Text } from '../../model/text.ts';
import { whole } from './quantity.ts';

/** Words of the chapter on compute and inference. A missing or half text fails the type check. */
export const COMPUTE = {
  byPrecision: { zh: '各精度的算力', en: 'Computing rate by precision' },
  precision: { zh: '精度', en: 'Precision' },
  required: { zh: '要求', en: 'Required' },
  timed: { zh: '设备计时 ± U', en: 'Timed on the device ± U' },
  challenged: { zh: '链式挑战 ± U', en: 'Chained challenge ± U' },
  ratio: { zh: '挑战 / 计时', en: 'Challenge / device' },
  peakShare: { zh: '占稠密峰值', en: 'Share of dense peak' },
  efficiency: { zh: '能效', en: 'Efficiency' },
  inChallenge: { zh: '链式挑战', en: 'chained challenge' },
  wholeMachine: { zh: '整机（BMC）', en: 'whole machine (BMC)' },
  proofShare: { zh: '证明开销', en: 'cost of proof' },
  judged: { zh: '判定取此精度', en: 'judged at this one' },
  held: { zh: '未计入的读数', en: 'readings held back' },
  notCounted: { zh: '未计入', en: 'not counted' },
  noPeak: { zh: '无可信峰值', en: 'no figure to trust' },
  roughPeak: { zh: '峰值非上限', en: 'peak is no upper limit' },
  peakBasis: { zh: '稠密峰值的依据', en: 'What the dense peaks rest on' },
  key: {
    zh: '“设备计时”由节点上的程序测得，所计时的那批输出经校验；“链式挑战”由控制器计时，并抽查重算。两者应当一致：比值超限时，可能是两次测量之间设备负载不同，也可能是挑战用了其他运算单元，须由人查看；挑战明显快于设备计时的通常不计入（rates_differ）。不同精度不相加；重复测量取最低值，与判定相同。',
    en: '“Timed on the device” is measured by a program on the node, on outputs that were verified. “Chained challenge” is timed by the controller, which recomputes parts of it. The two should agree: where the ratio is out of bounds, the devices were under other load in one of them, or the challenge was answered by other units, and a person should look; a challenge that is much faster is held back as a rule (rates_differ). Precisions are never added. Of repeats the lowest counts, as in the verdict.',
  },
  roofline: { zh: '每种设备：算力、内存带宽与脊点', en: 'Each kind of device: rate, memory bandwidth and ridge' },
  rooflineKey: {
    zh: '每台设备的中位数。脊点 = 算力 ÷ 内存带宽：每字节运算次数低于脊点的任务受内存带宽限制，高于脊点的受算力限制。',
    en: 'Medians over the devices. Ridge = rate ÷ memory bandwidth: work with fewer operations a byte is limited by the memory, work with more by the arithmetic units.',
  },
  noBandwidth: {
    zh: '本次没有有效的内存带宽测量，因此不给出脊点。',
    en: 'There is no valid measurement of the memory bandwidth in this run, so no ridge is given.',
  },
  device: { zh: '设备', en: 'Device' },
  rate: { zh: '每台算力', en: 'Rate of one' },
  bandwidth: { zh: '每台内存带宽', en: 'Bandwidth of one' },
  bandwidthShare: { zh: '占标称带宽', en: 'Of the published one' },
  ridge: { zh: '脊点', en: 'Ridge' },
  slowest: { zh: '最慢的设备', en: 'The slowest devices' },
  everyDevice: { zh: '各设备', en: 'Every device' },
  fastest: { zh: '最快时间窗', en: 'fastest window' },
  sustained: { zh: '后段 / 前段', en: 'last / first third' },
  backend: { zh: '计算后端', en: 'Backend' },
  medianShare: { zh: '占同类中位数', en: 'Of the median of its kind' },
  unsupported: { zh: '不支持或未能运行', en: 'Not supported, or did not run' },
  inference: { zh: '模型推理', en: 'Inference' },
  inferenceKey: {
    zh: '场景与百分位按 MLPerf LoadGen 的规则；“已证实上限”是样本数以 99 % 置信度能证明的界限（早停规则）。多个节点时列出最差的一个。',
    en: 'Scenarios and percentiles by the rules of MLPerf LoadGen. “Shown bound” is what the number of samples shows with 99 % confidence (early stopping). Of several nodes the worst is listed.',
  },
  network: { zh: '网络', en: 'Network' },
  scenario: { zh: '场景与统计量', en: 'Scenario, statistic' },
  measured: { zh: '实测值 ± U', en: 'Measured ± U' },
  bound: { zh: '已证实上限', en: 'Shown bound' },
  notShown: { zh: '样本不足，未能证实', en: 'too few samples to show one' },
  ran: { zh: '实际执行与答案核对', en: 'What really ran, and its answers' },
  asked: { zh: '要求使用', en: 'asked for' },
  queries: { zh: '样本', en: 'Samples' },
  overhead: {
    zh: '测试工具自身的时延（空系统，中位数）',
    en: 'Latency of the tool itself (asking a system that does nothing, median)',
  },
  none: { zh: '本次没有测量算力，也没有测量推理。', en: 'This run measured neither compute nor inference.' },
} as const satisfies Record<string, Text>;

/** Statistics of the inference benchmarks. */
export const STATISTIC: Readonly<Record<string, Text>> = {
  'inference.latency.p90': { zh: '时延 p90', en: 'latency p90' },
  'inference.latency.p99': { zh: '时延 p99', en: 'latency p99' },
  'inference.server.rate': { zh: '满足时延限值的最高查询率', en: 'highest rate within the latency limit' },
  'inference.offline.rate': { zh: '离线吞吐率', en: 'offline throughput' },
  'edge.latency.p50': { zh: '时延 p50', en: 'latency p50' },
  'edge.latency.p90': { zh: '时延 p90', en: 'latency p90' },
  'edge.latency.p99': { zh: '时延 p99', en: 'latency p99' },
  'edge.deadline.misses': { zh: '超过时限的比例', en: 'share that missed the deadline' },
};

/** MLPerf's scenarios. */
export const SCENARIO: Readonly<Record<string, Text>> = {
  SingleStream: { zh: '单流', en: 'SingleStream' },
  MultiStream: { zh: '多流', en: 'MultiStream' },
  Server: { zh: '服务器', en: 'Server' },
  Offline: { zh: '离线', en: 'Offline' },
};

/** Sentences of the chapter that numbers go into. */
export const COMPUTE_SENTENCES = {
  devices: (n: number): Text => ({ zh: `${whole(n)} 台`, en: n === 1 ? '1 device' : `${whole(n)} devices` }),
  together: (nodes: number, share: string, time: string): Text => ({
    zh: `${whole(nodes)} 个节点同时工作 ${time}（${share}）`,
    en: `${whole(nodes)} nodes at once for ${time} (${share})`,
  }),
  outside: (n: number, least: number, most: number): Text => ({
    zh: `${n === 1 ? '' : `${whole(n)} 台`}超出 ${least}–${most}`,
    en: `${n === 1 ? '' : `${whole(n)} `}outside ${least} to ${most}`,
  }),
  within: (least: number, most: number): Text => ({ zh: `在 ${least}–${most} 内`, en: `within ${least} to ${most}` }),
  metered: (metered: number, devices: number): Text =>
    metered === 0
      ? {
          zh: '被测设备没有可读的电能计量（RAPL 或 NVML），因此不给出设备能效。',
          en: 'No measured device has an energy meter that can be read (RAPL or NVML), so no efficiency of devices is given.',
        }
      : {
          zh: `${whole(devices)} 台设备中 ${whole(metered)} 台有可读的电能计量（RAPL 或 NVML）；能效 = 运算次数 ÷ 整个测量阶段所耗电能。`,
          en: `${whole(metered)} of ${whole(devices)} ${devices === 1 ? 'device has' : 'devices have'} an energy meter that can be read (RAPL or NVML); efficiency = operations ÷ energy of the whole measuring phase.`,
        },
  slowestOf: (listed: number, all: number): Text => ({
    zh: `共 ${whole(all)} 台，列出相对同类中位数最慢的 ${whole(listed)} 台；全部数值见 report.json 与 values.csv。`,
    en: `${whole(all)} devices; the ${whole(listed)} slowest against the median of their kind are listed, all values stand in report.json and values.csv.`,
  }),
  worstOf: (nodes: number, median: string): Text => ({
    zh: `${whole(nodes)} 个节点，中位数 ${median}`,
    en: `${whole(nodes)} nodes, median ${median}`,
  }),
  timeline: (chapter: number): Text => ({
    zh: `频率、功率、温度与速率随时间的变化见第 ${chapter} 章。`,
    en: `Clocks, power, temperature and rate over time are drawn in section ${chapter}.`,
  }),
} as const;
