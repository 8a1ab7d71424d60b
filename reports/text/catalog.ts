import type { Overall } from '../../model/outcome.ts';
import type { Text } from '../../model/text.ts';

/** Every label and sentence of the pages that no number goes into. A missing or half text fails the type check. */
export const LABELS = {
  number: { zh: '报告编号', en: 'Report No.' },
  evaluated: { zh: '评估时间', en: 'Evaluated' },
  customer: { zh: '委托单位', en: 'Customer' },
  address: { zh: '单位地址', en: 'Address' },
  laboratory: { zh: '检测机构', en: 'Laboratory' },
  platform: { zh: '被测平台', en: 'Platform under test' },
  location: { zh: '检测地点', en: 'Place of test' },
  guide: { zh: '检测依据', en: 'Guide & version' },
  rule: { zh: '判定规则', en: 'Decision rule' },
  period: { zh: '检测时间', en: 'Test period' },
  profile: { zh: '检测档位', en: 'Profile' },
  issuer: { zh: '发布机构', en: 'Issued by' },
  notStated: { zh: '未提供', en: 'not stated' },
  decisive: { zh: '最关键的必选指标', en: 'Decisive mandatory targets' },
  asked: { zh: '所选指标', en: 'Targets that were asked for' },
  decisiveKey: {
    zh: '条 = 实测占要求的百分比，横线 = U（k = 2），菱形 = 申报值，虚线 = 要求（100 %）。',
    en: 'Bar = measured as a share of the requirement, whisker = U (k = 2), diamond = claim, dashed = requirement (100 %).',
  },
  evidence: { zh: '证据与签名', en: 'Evidence and signatures' },
  log: { zh: '测量日志', en: 'Measurement log' },
  controllerKey: { zh: '控制器密钥', en: 'Controller’s key' },
  guideDigest: { zh: '指南摘要', en: 'Guide digest' },
  signatures: { zh: '签名', en: 'Signatures' },
  stamps: { zh: '时间戳', en: 'Time stamp' },
  notStamped: {
    zh: '生成本报告时未加盖；此后加盖的见 addenda/',
    en: 'none when this report was made; later ones are in addenda/',
  },
  prepared: { zh: '编制', en: 'Prepared' },
  reviewed: { zh: '审核', en: 'Reviewed' },
  approved: { zh: '批准', en: 'Approved' },
  signHere: { zh: '签名 / 日期', en: 'Signature / date' },
  onlyItems: { zh: '结果仅对被测对象负责。', en: 'Results relate only to the items tested.' },
  inFull: {
    zh: '未经检测机构书面同意，不得部分复制本报告。',
    en: 'This report shall not be reproduced except in full without the written approval of the laboratory.',
  },
  synthetic: {
    zh: '合成数据：由程序生成，不是任何真实机器的测量结果',
    en: 'SYNTHETIC DATA: made by a generator; no real machine was measured',
  },
  quickNotice: {
    zh: '快速档位：测量时间短，可以判定“未通过”，但不足以让要求时长的指标“通过”。',
    en: 'Quick profile: measurements are short. They can fail a target but cannot pass one that asks for more time.',
  },
  contents: { zh: '目录', en: 'Contents' },
  front: { zh: '总览', en: 'Overview' },
  targets: { zh: '逐项结果', en: 'Results, target by target' },
  targetDetails: { zh: '各项明细', en: 'Each target in detail' },
  actions: { zh: '未通过项与处理办法', en: 'What is not a pass, and what to do' },
  compute: { zh: '算力与推理', en: 'Compute and inference' },
  nodes: { zh: '各节点结果', en: 'Results, node by node' },
  nodesOnPage: {
    zh: '节点较多，各节点的设备与测量不在打印件中，见证据包中的 report.html 与 report.json。',
    en: 'There are many nodes: the devices and measurements of each are not in this print but in report.html and report.json of the bundle.',
  },
  distributions: { zh: '分布', en: 'Distributions' },
  environment: { zh: '环境时间线', en: 'The environment over time' },
  attempts: { zh: '全部测量记录', en: 'All measurements' },
  inventory: { zh: '设备与软件', en: 'Equipment and software' },
  method: { zh: '方法与不确定度', en: 'Method and uncertainty' },
  verify: { zh: '如何核验', en: 'How to verify' },
  limits: { zh: '本报告证明不了什么', en: 'What this report cannot show' },
  glossary: { zh: '术语', en: 'Glossary' },
  end: { zh: '报告结束', en: 'End of report' },
  target: { zh: '指标', en: 'Target' },
  clause: { zh: '条款', en: 'Clause' },
  requirement: { zh: '要求', en: 'Requirement' },
  reading: { zh: '我们的理解', en: 'Our reading' },
  claimed: { zh: '申报值', en: 'Claimed' },
  measured: { zh: '实测值 ± U', en: 'Measured ± U' },
  limit: { zh: '限值', en: 'Limit' },
  margin: { zh: '裕量', en: 'Margin' },
  outcome: { zh: '判定', en: 'Outcome' },
  level: { zh: '证据等级', en: 'Level' },
  evidenceHash: { zh: '证据', en: 'Evidence' },
  levelAndEvidence: { zh: '等级与证据', en: 'Level, evidence' },
  mandatory: { zh: '必选', en: 'mandatory' },
  informative: { zh: '参考', en: 'informative' },
  metric: { zh: '度量', en: 'Metric' },
  value: { zh: '数值', en: 'Value' },
  choice: { zh: '判定所取', en: 'Judged at' },
  alternatives: { zh: '其他取值', en: 'Other choices' },
  counted: { zh: '计入的项目', en: 'What was counted' },
  noUncertainty: {
    zh: '各分量均为 0：计数或确知值，只计实测到的，不外推',
    en: 'all are 0: a count or known exactly, only of what was measured, nothing extrapolated',
  },
  uncertaintyParts: { zh: '不确定度分量', en: 'Parts of the uncertainty' },
  duration: { zh: '时长', en: 'Duration' },
  samples: { zh: '样本数', en: 'Samples' },
  nodesMeasured: { zh: '参测节点', en: 'Nodes measured' },
  reasons: { zh: '原因', en: 'Reasons' },
  todo: { zh: '处理办法', en: 'What to do' },
  detail: { zh: '具体情况', en: 'Particulars' },
  waiver: { zh: '豁免', en: 'Waiver' },
  waived: { zh: '豁免', en: 'Waived' },
  node: { zh: '节点', en: 'Node' },
  accelerators: { zh: '加速卡', en: 'Accelerators' },
  benchmark: { zh: '测试项', en: 'Benchmark' },
  attempt: { zh: '尝试', en: 'Attempt' },
  state: { zh: '状态', en: 'State' },
  started: { zh: '开始时间', en: 'Started' },
  checks: { zh: '正确性检查', en: 'Correctness checks' },
  findings: { zh: '异常情况', en: 'Findings' },
  phases: { zh: '阶段', en: 'Phases' },
  settings: { zh: '设置', en: 'Settings' },
  registers: { zh: '登记表', en: 'Registers' },
  registerFile: { zh: '文件', en: 'File' },
  registerRow: { zh: '行', en: 'Row' },
  registerColumn: { zh: '列', en: 'Column' },
  registerReason: { zh: '原因', en: 'Reason' },
  registerCell: { zh: '内容', en: 'Content' },
  registerCounts: { zh: '仍计入，请核对', en: 'counts nevertheless; please check' },
  rejected: { zh: '收到但未采纳的记录', en: 'Received and not accepted' },
  rejectedNone: { zh: '没有被拒收的记录。', en: 'Nothing was rejected.' },
  nothingMeasured: { zh: '没有任何测量记录。', en: 'There is no measurement.' },
  allPass: { zh: '全部指标均为“通过”。', en: 'Every target is a pass.' },
  noDistribution: {
    zh: '没有哪项度量有五个及以上的数值，不绘制分布图；数值见上。',
    en: 'No metric has five values or more, so no distribution is drawn; the values stand above.',
  },
  noTelemetry: { zh: '没有环境遥测数据。', en: 'There is no telemetry.' },
  source: { zh: '来源', en: 'Source' },
  fact: { zh: '项目', en: 'Item' },
  throttled: { zh: '降频原因', en: 'Why devices slowed down' },
  unread: { zh: '未能读取的信息', en: 'What could not be read' },
  why: { zh: '原因', en: 'Why' },
  tools: { zh: '厂商工具', en: 'Vendor tools' },
  found: { zh: '已找到', en: 'found' },
  notFound: { zh: '未找到', en: 'not found' },
  noAccelerator: {
    zh: '未发现加速卡，也未发现加速卡厂商工具。',
    en: 'No accelerator and no vendor tool was found.',
  },
  software: { zh: '软件', en: 'Software' },
  version: { zh: '版本', en: 'Version' },
  sameHardware: { zh: '配置相同的节点', en: 'Nodes of one configuration' },
  numbersTable: { zh: '图中数据', en: 'The numbers of this chart' },
  meaning: { zh: '含义', en: 'Meaning' },
  sameOnAll: { zh: '以下度量在有数据的节点上数值相同：', en: 'The same on every node that gave a value:' },
  missing: { zh: '无数据', en: 'no value' },
  median: { zh: '中位数', en: 'median' },
  minimum: { zh: '最小', en: 'min' },
  maximum: { zh: '最大', en: 'max' },
  mean: { zh: '平均', en: 'mean' },
  time: { zh: '时间', en: 'time' },
  share: { zh: '累计比例', en: 'cumulative share' },
  verified: { zh: '已校验', en: 'verified' },
  notVerified: { zh: '未校验', en: 'not verified' },
  passed: { zh: '通过', en: 'passed' },
  failed: { zh: '未通过', en: 'failed' },
  registered: { zh: '据登记表', en: 'from a register' },
  countedKind: { zh: '实际清点', en: 'counted' },
  measuredKind: { zh: '实测', en: 'measured' },
  comparison: { zh: '两次检测对比', en: 'Comparison of two runs' },
  before: { zh: '前次', en: 'Before' },
  after: { zh: '本次', en: 'After' },
  change: { zh: '变化', en: 'Change' },
  better: { zh: '变好', en: 'better' },
  worse: { zh: '变差', en: 'worse' },
  unchanged: { zh: '未变', en: 'unchanged' },
  added: { zh: '新增', en: 'added' },
  removed: { zh: '减少', en: 'removed' },
  gained: { zh: '新增数值', en: 'now has a value' },
  notComparable: { zh: '不可直接比较', en: 'not comparable' },
  quietTargets: { zh: '没有明显变化的指标', en: 'Targets without a clear change' },
  notCompared: {
    zh: '未比较的指标（有一次没有选）',
    en: 'Targets that were not compared: one run was not asked for them',
  },
  lost: { zh: '不再有数值', en: 'has no value any more' },
  withinUncertainty: { zh: '变化在不确定度之内', en: 'within the uncertainty' },
  outcomeChanged: { zh: '判定改变', en: 'outcome changed' },
  otherTerms: { zh: '要求或判定取值不同', en: 'other limit or choice' },
  changeRule: {
    zh: '差值大于两次扩展不确定度的合成值（平方和的平方根）才记为变化；计数有任何差异即为变化。',
    en: 'A value counts as changed when the difference is larger than both expanded uncertainties together (root of the sum of squares); counts change by any amount.',
  },
} as const satisfies Record<string, Text>;

export type Label = keyof typeof LABELS;

/** What stands in the box on page 1 of an independent run; see reports/text/standing.ts for a self-test. */
export const OVERALL_TEXT: Record<Overall, Text> = {
  passed: { zh: '通过', en: 'PASSED' },
  passed_with_deviations: { zh: '有偏差通过', en: 'PASSED WITH DEVIATIONS' },
  not_passed: { zh: '不通过', en: 'NOT PASSED' },
  cannot_tell: { zh: '无法判定', en: 'CANNOT TELL' },
};

/** The same in one plain sentence. */
export const OVERALL_MEANING: Record<Overall, Text> = {
  passed: {
    zh: '本平台达到了指南的全部必选要求。',
    en: 'The platform meets every mandatory requirement of the guide.',
  },
  passed_with_deviations: {
    zh: '除已批准豁免的项目外，本平台达到了指南的必选要求。',
    en: 'The platform meets the mandatory requirements but for those with an approved waiver.',
  },
  not_passed: {
    zh: '本平台目前没有达到指南的全部必选要求。',
    en: 'The platform does not meet every mandatory requirement of the guide at present.',
  },
  cannot_tell: {
    zh: '现有证据既不能说明达标，也不能说明不达标。',
    en: 'The evidence at hand shows neither that the requirements are met nor that they are not.',
  },
};

/** How a value, its uncertainty and a limit meet. */
export const RULE_TEXT = {
  guarded: {
    zh: '保护带判定（w = U，k = 2）：考虑不确定度后仍达标才算通过',
    en: 'guarded acceptance, w = U (k = 2)',
  },
  simple: { zh: '简单判定：数值达标即通过', en: 'simple acceptance' },
} as const satisfies Record<string, Text>;

export const PROFILE_TEXT = {
  quick: { zh: '快速', en: 'quick' },
  standard: { zh: '标准', en: 'standard' },
  full: { zh: '完整', en: 'full' },
} as const satisfies Record<string, Text>;

export const LEVEL_TEXT = {
  E0: { zh: '申报', en: 'declared' },
  E1: {
    zh: '代理实测，或由同一方的控制器挑战',
    en: 'measured by the agent, or challenged by a controller of the same party',
  },
  E2: { zh: '由另一方的控制器挑战并核验', en: 'challenged and checked by a controller of another party' },
  E3: { zh: '由见证节点测得，或由第二方复测', en: 'measured from a witness, or repeated by a second party' },
} as const satisfies Record<string, Text>;

export const STATE_TEXT: Record<string, Text> = {
  completed: { zh: '完成', en: 'completed' },
  failed: { zh: '失败', en: 'failed' },
  timed_out: { zh: '超时', en: 'timed out' },
  cancelled: { zh: '取消', en: 'cancelled' },
  unsupported: { zh: '不支持', en: 'unsupported' },
};

/** Why a part of the uncertainty is zero: without a reason a zero looks like a part that was forgotten. */
export const ZERO_PART_TEXT = {
  repeatability: { zh: '计数或确知值，无重复性分量', en: 'a count or known exactly' },
  between_nodes: {
    zh: '各节点以自身的值计入，节点间差异不是误差',
    en: 'each node counts with its own value, so their differences are no doubt',
  },
  sampling: { zh: '只计实测值，不由部分节点外推', en: 'only what was measured counts, nothing is extrapolated' },
  clock: { zh: '与时间无关的量', en: 'no time enters it' },
} as const satisfies Record<string, Text>;

export const UNCERTAINTY_TEXT = {
  repeatability: { zh: '重复性', en: 'repeatability' },
  between_nodes: { zh: '节点间差异', en: 'between nodes' },
  sampling: { zh: '抽样', en: 'sampling' },
  clock: { zh: '时钟', en: 'clock' },
} as const satisfies Record<string, Text>;
