import type { Text } from '../../model/text.ts';

export interface Term {
  readonly term: Text;
  readonly meaning: Text;
}

/** The words of the report, for a reader who meets them for the first time. */
export const GLOSSARY: readonly Term[] = [
  {
    term: { zh: '指南', en: 'guide' },
    meaning: {
      zh: '规定平台应达到哪些要求的文件，本报告以数据形式引用。',
      en: 'The document that says what a platform must reach, used here as data.',
    },
  },
  {
    term: { zh: '指标', en: 'target' },
    meaning: { zh: '指南中的一条要求。', en: 'One requirement of the guide.' },
  },
  {
    term: { zh: '申报值', en: 'claim' },
    meaning: { zh: '运营方自称达到的数值。', en: 'What the operator says the platform reaches.' },
  },
  {
    term: { zh: '判定', en: 'verdict' },
    meaning: {
      zh: '一项指标的结论及其原因。只有“通过”算达标；“无法判定”“异常”“未测”“不适用”“人工确认”都不算达标。',
      en: 'The conclusion on one target, with reasons. Only a pass counts as met; indeterminate, error, not tested, not applicable and manual do not.',
    },
  },
  {
    term: { zh: '无法判定', en: 'indeterminate' },
    meaning: {
      zh: '测过，但不足以下结论：数值与要求之差小于不确定度，或测量时长、样本、证据等级不够。',
      en: 'Measured, but not enough to conclude: the limit lies within the uncertainty, or time, samples or evidence level fall short.',
    },
  },
  {
    term: { zh: '豁免', en: 'waiver' },
    meaning: {
      zh: '经批准、有期限的“未通过”标记；不改变判定。',
      en: 'An approved, expiring mark on a fail; it does not change the outcome.',
    },
  },
  {
    term: { zh: 'U 与 k', en: 'U and k' },
    meaning: {
      zh: '扩展不确定度及其包含因子。k = 2 时，真值落在 ±U 内的可能约为 95 %。',
      en: 'Expanded uncertainty and its coverage factor: at k = 2 the true value lies within ±U with about 95 %.',
    },
  },
  {
    term: { zh: '裕量', en: 'margin' },
    meaning: {
      zh: '实测值比要求好多少（+）或差多少（−），以要求的百分比表示。',
      en: 'By how much the measured value is better (+) or worse (−) than required, as a share of the requirement.',
    },
  },
  {
    term: { zh: '保护带', en: 'guard band' },
    meaning: {
      zh: '判定时给不确定度留出的余地：数值减去 U 仍达标才算通过，加上 U 仍不达标才算未通过。',
      en: 'Room left for the uncertainty: a pass must still be one after U is taken off, a fail must still be one after U is added.',
    },
  },
  {
    term: { zh: '证据等级 E0–E3', en: 'evidence level E0–E3' },
    meaning: {
      zh: 'E0 申报；E1 由节点上的代理测得，或由同一方的控制器挑战；E2 由另一方的控制器挑战、计时并抽查重算（仅链式算力挑战）；E3 由见证节点测得，或由第二方复测。自测中最高为 E1。',
      en: 'E0 declared; E1 measured by the agent on the node, or challenged by a controller of the same party; E2 challenged, timed and in part recomputed by a controller of another party (the chained compute challenge only); E3 measured from a witness, or repeated by a second party. In a self-test nothing is above E1.',
    },
  },
  {
    term: { zh: '自测', en: 'self-test' },
    meaning: {
      zh: '控制器与代理同属一方的测试。下发挑战的人知道将抽查什么，因此结果只对信任控制器密钥持有人的人成立。',
      en: 'A run whose controller and agents belong to one party. Whoever issues the challenges knows what will be checked, so the result holds for whoever trusts the holder of the controller’s key.',
    },
  },
  {
    term: { zh: '挑战', en: 'challenge' },
    meaning: {
      zh: '测量开始时才下发的随机数，输入由它生成，节点无法提前准备答案。',
      en: 'Random bytes issued when the work starts; the inputs derive from them, so no node can prepare answers.',
    },
  },
  {
    term: { zh: '尝试', en: 'attempt' },
    meaning: {
      zh: '一项任务的一次执行。全部保留，失败的也不例外。',
      en: 'One execution of an assignment. All are kept, failed ones too.',
    },
  },
  {
    term: { zh: 'Peta-ops', en: 'Peta-ops' },
    meaning: {
      zh: '每秒 10^15 次运算。一次乘或一次加为一次运算，一次乘加为两次；不同精度不相加，稀疏运算不计。',
      en: '10^15 operations a second. One multiply or one add is one, a multiply-add two; precisions are never added together and sparse operations never count.',
    },
  },
  {
    term: { zh: '链式挑战', en: 'chained challenge' },
    meaning: {
      zh: '一轮接一轮的整数矩阵运算，每轮输入由上一轮答案和新的随机数生成，不能提前算、并行算或跳过；由控制器计时。',
      en: 'Integer matrix products in rounds; the input of each derives from fresh random bytes that follow the answer before it, so that rounds cannot be run ahead, in parallel or be skipped. The controller times it.',
    },
  },
  {
    term: { zh: '稠密峰值', en: 'dense peak' },
    meaning: {
      zh: '芯片每个周期都不停顿时的运算速率，不计稀疏运算；加速卡取公布值，处理器由核数、指令与频率推算。',
      en: 'The rate of a chip that never waits, sparse operations not counted: published for accelerators, from cores, instructions and clock for processors.',
    },
  },
  {
    term: { zh: 'PB 与 PiB', en: 'PB and PiB' },
    meaning: {
      zh: '1 PB = 10^15 字节（十进制）；1 PiB = 2^50 字节，约 1.126 PB。',
      en: '1 PB = 10^15 bytes (decimal); 1 PiB = 2^50 bytes, about 1.126 PB.',
    },
  },
  {
    term: { zh: 'p50、p99', en: 'p50, p99' },
    meaning: {
      zh: '百分位数：50 % 或 99 % 的样本不超过该值。',
      en: 'Percentiles: 50 % or 99 % of the samples are at or below the value.',
    },
  },
  {
    term: { zh: '经验分布（ECDF）', en: 'ECDF' },
    meaning: {
      zh: '横轴为数值，纵轴为不超过该值的比例；越陡表示各数值越接近。',
      en: 'For every value the share of readings at or below it; the steeper, the closer together.',
    },
  },
  {
    term: { zh: 'sha256', en: 'sha256' },
    meaning: {
      zh: '文件内容的数字指纹，内容改动一个字节指纹即不同。',
      en: 'A digital fingerprint of bytes; one changed byte gives another fingerprint.',
    },
  },
  {
    term: { zh: '测量日志与日志根', en: 'measurement log and its root' },
    meaning: {
      zh: '只增不改的测量清单（Merkle 树，RFC 6962）；根是整份清单的指纹，删改任何一条都会改变它。',
      en: 'The append-only list of measurements (a Merkle tree, RFC 6962); its root is the fingerprint of the whole list and changes if any entry is altered or removed.',
    },
  },
];
