import { Type } from 'typebox';
import type { Text } from './text.ts';

interface ReasonText extends Text {
  /** What a person can do about it. */
  readonly todo: Text;
}

/** Why a verdict is what it is, or why a measurement is not valid: code, sentence, what to do. */
export const REASONS = {
  not_measured: {
    zh: '没有进行测量',
    en: 'nothing was measured',
    todo: { zh: '运行相应测试项后重新评估。', en: 'Run the benchmark that measures it and judge again.' },
  },
  cancelled: {
    zh: '测试被中途取消',
    en: 'the run was cancelled before this was measured',
    todo: { zh: '重新运行并等待结束。', en: 'Run again and let it finish.' },
  },
  crashed: {
    zh: '测试进程异常退出',
    en: 'the benchmark crashed',
    todo: {
      zh: '查看证据中的错误输出，排除故障后重测。',
      en: 'Read the error output in the evidence, remove the cause and measure again.',
    },
  },
  node_lost: {
    zh: '节点在测量期间失去连接',
    en: 'the node was lost while measuring',
    todo: { zh: '检查节点与网络后重测。', en: 'Check the node and its network, then measure again.' },
  },
  parse_error: {
    zh: '工具输出无法解析',
    en: 'the output of a tool could not be read',
    todo: { zh: '原始输出已保留；请核对工具版本。', en: 'The raw output is kept; check the version of the tool.' },
  },
  timed_out: {
    zh: '测量超时',
    en: 'the measurement timed out',
    todo: {
      zh: '查看超时所在阶段；机器繁忙时请停止其他任务，或以 --patience 3 把时限放宽到三倍后重测。',
      en: 'See which phase timed out. If the machine is busy, stop other work or allow three times the time with --patience 3. Then measure again.',
    },
  },
  skipped: {
    zh: '按设置跳过',
    en: 'skipped by the settings',
    todo: { zh: '取消跳过设置后重测。', en: 'Remove the setting that skips it and measure again.' },
  },
  unsupported: {
    zh: '本节点不支持该项测量',
    en: 'this node cannot do this measurement',
    todo: { zh: '在支持的节点上测量。', en: 'Measure on a node that can.' },
  },
  tool_missing: {
    zh: '缺少所需工具',
    en: 'a tool that is needed is not installed',
    todo: { zh: '运行 ./assay doctor 查看安装方法。', en: 'Run ./assay doctor to see what to install.' },
  },
  library_missing: {
    zh: '缺少运算库，本节点的算力未能充分测出',
    en: 'a library is not installed, so the measured rate may be below what the node can do',
    todo: {
      zh: '按所列命令安装该库后重测。',
      en: 'Install the library with the command that is named, and measure again.',
    },
  },
  library_old: {
    zh: '运算库版本过旧，本节点的算力未能充分测出',
    en: 'a library is too old for this node, so the measured rate may be below what the node can do',
    todo: { zh: '升级该库后重测。', en: 'Install a newer version of the library, and measure again.' },
  },
  library_refused: {
    zh: '运算库已安装但未通过试运行，本节点的算力未能充分测出',
    en: 'a library is installed but failed its trial, so the measured rate may be below what the node can do',
    todo: {
      zh: '查看所列原因，修复或更换该库后重测。',
      en: 'Read the reason that is given, repair or replace the library, and measure again.',
    },
  },
  too_short: {
    zh: '测量时间短于要求',
    en: 'the measurement was shorter than the target asks',
    todo: { zh: '使用 standard 或 full 档位重测。', en: 'Measure again with the standard or full profile.' },
  },
  too_few_samples: {
    zh: '样本数不足',
    en: 'fewer samples than the target asks',
    todo: { zh: '使用更长的档位重测。', en: 'Measure again with a longer profile.' },
  },
  too_little_tried: {
    zh: '按设置尝试得太少，不足以说明未达要求',
    en: 'the settings tried too little to show that the limit is not met',
    todo: {
      zh: '使用更长的档位，或放宽所列设置后重测；平台本身不必改动。',
      en: 'Measure again with a longer profile, or raise the settings that are named. The platform need not change.',
    },
  },
  too_few_nodes: {
    zh: '参测节点数不足',
    en: 'fewer nodes than the target asks were measured',
    todo: { zh: '让其余节点参加测试。', en: 'Bring the other nodes into the run.' },
  },
  level_too_low: {
    zh: '证据等级低于要求',
    en: 'the evidence level is lower than the target asks',
    todo: {
      zh: '使用带挑战校验的测量方法；需要 E2 的指标由独立的控制器密钥持有人测量，需要 E3 的由见证节点复测。',
      en: 'Use the challenged form of the measurement. E2 needs an independent holder of the controller’s key, E3 a witness.',
    },
  },
  witness_needed: {
    zh: '达到要求，须由见证节点复测',
    en: 'the limit is met, and the measurement must be repeated from a witness',
    todo: {
      zh: '由评审方从自己的机器（见证节点）重新测量。',
      en: 'Have the evaluator repeat the measurement from a machine of its own, a witness.',
    },
  },
  incorrect_result: {
    zh: '结果不正确',
    en: 'the results that were timed are wrong',
    todo: { zh: '检查硬件、驱动与软件版本。', en: 'Check hardware, driver and software versions.' },
  },
  implausible: {
    zh: '数值不合理，需人工复核',
    en: 'the value is not plausible; a person must look at it',
    todo: { zh: '核对设备型号与峰值，复测并见证。', en: 'Check the model and its peak; measure again with a witness.' },
  },
  no_reference: {
    zh: '没有可信的峰值可供对照，未作合理性检验',
    en: 'there is no trustworthy peak to compare with; plausibility was not checked',
    todo: {
      zh: '核对芯片型号；如有厂商数据手册，请补充到芯片表。',
      en: "Check the chip's name; add the vendor's data sheet to the table of chips if there is one.",
    },
  },
  no_meter: {
    zh: '没有可读的电能计量，未给出能效',
    en: 'no energy meter can be read; no efficiency is given',
    todo: {
      zh: '以可读取 RAPL 的权限运行代理，安装 NVIDIA 驱动，或安装 ipmitool 以读取 BMC 功率。',
      en: "Run the agent with permission to read RAPL, install NVIDIA's driver, or install ipmitool for the BMC's power.",
    },
  },
  zero_work: {
    zh: '没有完成任何工作',
    en: 'no work was done',
    todo: { zh: '检查测试目标是否可用后重测。', en: 'Check that what is under test works, then measure again.' },
  },
  stale: {
    zh: '证据不属于本次测试或已过期',
    en: 'the evidence is from another run or too old',
    todo: { zh: '重新测量。', en: 'Measure again.' },
  },
  unlisted_device: {
    zh: '测得的设备不在该节点的设备清单中',
    en: 'the inventory of the node does not list the device that was measured',
    todo: {
      zh: '在节点上安装厂商工具，使设备进入清单，然后重测。',
      en: "Install the vendor's tool on the node so that the device is listed, then measure again.",
    },
  },
  device_unmeasured: {
    zh: '清单中的部分设备没有测量结果',
    en: 'some devices of the inventory were not measured',
    todo: {
      zh: '检查这些设备是否可用、是否对测试程序可见；需要计入时修复后重测。',
      en: 'Check that these devices work and that the benchmark can see them. To have them counted, repair that and measure again.',
    },
  },
  not_simultaneous: {
    zh: '没有与其他设备在同一时间窗内测量，不能相加',
    en: 'the device was not measured in one window with the others, so their values cannot be added',
    todo: {
      zh: '让所有设备和节点同时开始，然后重测。',
      en: 'Let all devices and nodes start together, then measure again.',
    },
  },
  rates_differ: {
    zh: '链式挑战与矩阵乘法的速率不能相互印证',
    en: 'the challenged rate and the rate of plain matrix products do not confirm each other',
    todo: {
      zh: '查看两项测试各用的运算库，停止其他任务后重测；矩阵乘法速率未经校验的，先查明原因；由人判断挑战是否由其他精度的运算单元作答。',
      en: 'See which backends the two used, stop other work and measure again. If the plain rate is not verified, find out why first. A person must decide whether units of another precision answered.',
    },
  },
  duplicate_device: {
    zh: '同一设备被重复计数',
    en: 'one device is counted twice',
    todo: { zh: '核对设备 UUID、序列号与 PCI 地址。', en: 'Check UUIDs, serial numbers and PCI addresses.' },
  },
  shared_host: {
    zh: '多个节点共用同一台物理机',
    en: 'several nodes share one machine',
    todo: { zh: '确认各容器的资源没有重叠。', en: 'Make sure that the containers do not share resources.' },
  },
  tool_saturated: {
    zh: '测试工具自身已饱和',
    en: 'the load generator itself was saturated',
    todo: {
      zh: '增加压测节点或减少背景负载后重测。',
      en: 'Add generator nodes or remove background load, then measure again.',
    },
  },
  background_load: {
    zh: '测量期间存在背景负载',
    en: 'something else used the machine during the measurement',
    todo: { zh: '停止其他任务后重测。', en: 'Stop the other work and measure again.' },
  },
  environment_altered: {
    zh: '测量进程的运行环境被改动',
    en: 'what is measured was replaced, or something was loaded before it',
    todo: {
      zh: '去掉所列的变量或预加载后重测；库在其他位置时，在节点策略文件的 libraries 中写明。',
      en: "Remove the variable or preload that is named and measure again. If a library lies elsewhere, name it under libraries in the node's policy.",
    },
  },
  environment_unknown: {
    zh: '不清楚测量进程加载了什么',
    en: 'what the measuring processes had loaded is not known',
    todo: {
      zh: '确认代理能读取其子进程的 /proc 信息，然后重测。',
      en: 'Allow the agent to read /proc of the processes that it starts, then measure again.',
    },
  },
  clock_unsound: {
    zh: '时钟不可信',
    en: 'the clock cannot be trusted',
    todo: { zh: '校准时钟后重测。', en: 'Set the clock right and measure again.' },
  },
  throttled: {
    zh: '设备发生降频',
    en: 'the device throttled',
    todo: { zh: '检查散热与供电。', en: 'Check cooling and power.' },
  },
  cached: {
    zh: '结果疑似来自缓存',
    en: 'answers seem to come from a cache',
    todo: { zh: '关闭缓存后重测。', en: 'Turn the cache off and measure again.' },
  },
  emulated: {
    zh: '该精度由其他精度模拟，不计入',
    en: 'the precision is emulated by another one and does not count',
    todo: { zh: '使用原生支持该精度的设备。', en: 'Use a device with that precision in hardware.' },
  },
  spread: {
    zh: '重复测量的离散超出允许范围',
    en: 'repeats differ by more than is allowed',
    todo: { zh: '排除干扰后重测。', en: 'Remove what disturbs it and measure again.' },
  },
  volatile_storage: {
    zh: '该存储为内存文件系统，不计入',
    en: 'this storage lives in memory and does not count',
    todo: { zh: '指定持久化存储目录。', en: 'Name a directory on persistent storage.' },
  },
  evidence_missing: {
    zh: '证据缺失',
    en: 'evidence is missing',
    todo: { zh: '补齐证据或重新测量。', en: 'Supply the evidence or measure again.' },
  },
  evidence_mismatch: {
    zh: '证据与所报数值不一致',
    en: 'the evidence does not give the number that was reported',
    todo: { zh: '视为不可信，重新测量并调查原因。', en: 'Treat as untrustworthy; measure again and find out why.' },
  },
  below_limit: {
    zh: '低于要求',
    en: 'the value is below what is required',
    todo: { zh: '扩充或优化平台后重测。', en: 'Extend or tune the platform, then measure again.' },
  },
  above_limit: {
    zh: '高于允许值',
    en: 'the value is above what is allowed',
    todo: { zh: '优化平台后重测。', en: 'Tune the platform, then measure again.' },
  },
  within_uncertainty: {
    zh: '要求值落在测量不确定度之内',
    en: 'the limit lies within the uncertainty of the measurement',
    todo: { zh: '延长测量以减小不确定度。', en: 'Measure longer to make the uncertainty smaller.' },
  },
  below_claim: {
    zh: '低于申报值',
    en: 'the value is below what was claimed',
    todo: { zh: '更正申报值或扩充平台。', en: 'Correct the claim or extend the platform.' },
  },
  register_missing: {
    zh: '未提供登记表',
    en: 'no register was supplied',
    todo: { zh: '以 --registers 提供登记表目录。', en: 'Supply a folder of registers with --registers.' },
  },
  register_invalid: {
    zh: '登记表中有无效行',
    en: 'the register has rows that are not valid',
    todo: {
      zh: '按报告“登记表”一节列出的行号更正登记表。',
      en: 'Correct the rows that are listed under “Registers” in the report.',
    },
  },
  needs_person: {
    zh: '需要人工确认',
    en: 'a person has to confirm this',
    todo: { zh: '由评审人员核对并签字。', en: 'A reviewer checks and signs.' },
  },
  no_accelerator: {
    zh: '未发现加速卡工具或设备',
    en: 'no accelerator or accelerator tool was found',
    todo: { zh: '若节点装有加速卡，请安装厂商工具。', en: 'If the node has accelerators, install the vendor tools.' },
  },
  cpu_fallback: {
    zh: '节点装有加速卡，但计算落在 CPU 上',
    en: 'the node has accelerators, but the work was done on its CPU',
    todo: {
      zh: '安装适配该加速卡的框架版本或插件后重测。',
      en: 'Install the build or plug-in of the framework for this accelerator and measure again.',
    },
  },
  host_processor: {
    zh: '节点装有加速卡，其主机处理器的结果不计入',
    en: 'the node has accelerators, so results of its host processor do not count',
    todo: {
      zh: '在加速卡上测量；加速卡不支持的精度不由主机处理器补足。',
      en: 'Measure on the accelerators; a precision that they lack is not taken from the host processor.',
    },
  },
  same_engine: {
    zh: '多个框架前端使用同一计算引擎，只计一次',
    en: 'front ends on one engine count once',
    todo: {
      zh: '如需多计，请安装独立引擎的框架。',
      en: 'Install a framework with an engine of its own if it is to count.',
    },
  },
  engine_unproven: {
    zh: '未能从框架进程之外证实其计算引擎，不计入',
    en: 'the framework’s engine could not be confirmed from outside its process, so it does not count',
    todo: {
      zh: '安装该框架的发布版本；以解释器自身的路径（不经容器或包装命令）指定，或在容器内运行代理。',
      en: 'Install a published build. Name the interpreter by its own path, not through a container or wrapper, or run the agent inside.',
    },
  },
  build_unknown: {
    zh: '框架引擎的构建不在已发布构建的清单中，仅凭其函数与专有运算计入',
    en: 'the engine’s build is not in the list of published builds; it counts by its functions and its own operations',
    todo: {
      zh: '由人核对该文件的 SHA-256 与供应方提供的是否一致。',
      en: "Have a person compare the file's SHA-256 with the one that its supplier gives.",
    },
  },
  no_edge_node: {
    zh: '没有边缘节点参加测试',
    en: 'no edge node took part',
    todo: { zh: '在边缘节点上启动代理并加入测试。', en: 'Start an agent on an edge node and bring it into the run.' },
  },
} as const satisfies Record<string, ReasonText>;

export type ReasonCode = keyof typeof REASONS;

/** Reasons that name a library: they may explain that a value is low, and hold nothing. */
export const LIBRARY_REASONS = [
  'library_missing',
  'library_old',
  'library_refused',
] as const satisfies readonly ReasonCode[];
export type LibraryReason = (typeof LIBRARY_REASONS)[number];
export const ReasonCode = Type.Enum(Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]]);
