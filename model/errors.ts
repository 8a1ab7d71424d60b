import type { Text } from './text.ts';

/** Exit codes of the command line (design: 0 passed, 1 not passed, 2 not authentic, 3 cannot tell). */
export const EXIT = { passed: 0, notPassed: 1, notAuthentic: 2, cannotTell: 3, usage: 64, internal: 70 } as const;

interface ErrorText extends Text {
  readonly exit: number;
  readonly todo: Text;
}

/** Every error a person can meet: what happened, what to do, and the exit code. */
export const ERRORS = {
  usage: {
    exit: EXIT.usage,
    zh: '命令用法不正确',
    en: 'the command was not understood',
    todo: { zh: '运行 ./assay --help 查看用法。', en: 'Run ./assay --help to see the commands and their options.' },
  },
  file_unreadable: {
    exit: EXIT.usage,
    zh: '文件无法读取',
    en: 'a file cannot be read',
    todo: { zh: '检查路径与权限。', en: 'Check the path and its permissions.' },
  },
  json_invalid: {
    exit: EXIT.usage,
    zh: '文件不是有效的 JSON',
    en: 'a file is not valid JSON',
    todo: { zh: '按提示位置修正文件。', en: 'Correct the file at the place that is named.' },
  },
  guide_invalid: {
    exit: EXIT.usage,
    zh: '指南文件无效',
    en: 'the guide file is not valid',
    todo: { zh: '按列出的字段修正指南文件。', en: 'Correct the fields that are listed.' },
  },
  guide_unknown: {
    exit: EXIT.usage,
    zh: '没有这个指南',
    en: 'there is no such guide',
    todo: {
      zh: '使用列出的内置指南，或给出文件路径。',
      en: 'Name one of the guides that are listed, or give a file.',
    },
  },
  guide_foreign: {
    exit: EXIT.usage,
    zh: '指南文件用了内置指南的编号，内容却不同',
    en: 'the guide file has the id of a built-in guide but other content',
    todo: {
      zh: '给自己的指南另起编号；要用内置指南，请以 --guide 给出其编号而不是文件。',
      en: 'Give your own guide another id. To use the built-in guide, pass its id to --guide, not a file.',
    },
  },
  claims_invalid: {
    exit: EXIT.usage,
    zh: '申报文件无效',
    en: 'the claims file is not valid',
    todo: { zh: '按列出的字段修正申报文件。', en: 'Correct the fields that are listed.' },
  },
  policy_invalid: {
    exit: EXIT.usage,
    zh: '节点策略文件无效',
    en: "the node's policy file is not valid",
    todo: { zh: '按所列位置修正策略文件。', en: 'Correct the file at the place that is named.' },
  },
  registers_invalid: {
    exit: EXIT.usage,
    zh: '登记表目录无效',
    en: 'the folder of registers is not valid',
    todo: {
      zh: '给出一个可读的目录，内含 CSV 登记表，文件名须为所列名称。',
      en: 'Name a readable folder with CSV registers in it, under the names that are listed.',
    },
  },
  waivers_invalid: {
    exit: EXIT.usage,
    zh: '豁免文件无效',
    en: 'the waivers file is not valid',
    todo: { zh: '按列出的字段修正豁免文件。', en: 'Correct the fields that are listed.' },
  },
  output_exists: {
    exit: EXIT.usage,
    zh: '输出目录已存在且非空',
    en: 'the output folder exists and is not empty',
    todo: { zh: '换一个目录，或先移走旧目录。', en: 'Choose another folder, or move the old one away.' },
  },
  file_exists: {
    exit: EXIT.usage,
    zh: '文件已存在，不会被覆盖',
    en: 'the file exists and is not overwritten',
    todo: { zh: '换一个名称，或先移走旧文件。', en: 'Choose another name, or move the old file away.' },
  },
  output_unwritable: {
    exit: EXIT.usage,
    zh: '输出位置不可写',
    en: 'the output location cannot be written',
    todo: { zh: '检查路径与权限，或指定其他位置。', en: 'Check the path and its permissions, or name another place.' },
  },
  storage_unwritable: {
    exit: EXIT.usage,
    zh: '被测存储目录不可写',
    en: 'the storage directory under test cannot be written',
    todo: { zh: '检查 --storage 目录与权限。', en: 'Check the directory given with --storage and its permissions.' },
  },
  storage_failed: {
    exit: EXIT.internal,
    zh: '被测存储发生读写错误',
    en: 'the storage under test failed while it was written or read',
    todo: {
      zh: '查看系统日志与磁盘状态，排除故障后重测。',
      en: 'Check the system log and the disks, remove the fault and measure again.',
    },
  },
  no_space: {
    exit: EXIT.internal,
    zh: '磁盘空间不足',
    en: 'there is not enough disk space',
    todo: {
      zh: '释放空间，或用 --out 指定其他磁盘。',
      en: 'Free some space, or name a folder on another disk with --out.',
    },
  },
  output_lost: {
    exit: EXIT.internal,
    zh: '标准输出无法写入',
    en: 'standard output cannot be written',
    todo: { zh: '检查输出去向（磁盘或管道）。', en: 'Check where the output goes: a disk or a pipe.' },
  },
  clock_wrong: {
    exit: EXIT.internal,
    zh: '本机时钟不正确',
    en: 'the clock of this machine is wrong',
    todo: {
      zh: '校准时钟（例如启用 NTP）后重试；尚未进行任何测量。',
      en: 'Set the clock right, for example by NTP, and try again; nothing was measured.',
    },
  },
  loopback_down: {
    exit: EXIT.internal,
    zh: '本机回环接口未启用',
    en: 'the loopback interface is down',
    todo: { zh: '启用回环接口：ip link set lo up。', en: 'Bring it up: ip link set lo up.' },
  },
  address_invalid: {
    exit: EXIT.usage,
    zh: '监听地址无效',
    en: 'the listen address is not valid',
    todo: {
      zh: '使用 主机:端口 的形式，例如 127.0.0.1:7443。',
      en: 'Write it as host:port, for example 127.0.0.1:7443.',
    },
  },
  port_in_use: {
    exit: EXIT.usage,
    zh: '端口已被占用',
    en: 'the port is in use',
    todo: { zh: '换一个端口，或使用 0 由系统分配。', en: 'Choose another port, or 0 to let the system choose.' },
  },
  connection_failed: {
    exit: EXIT.internal,
    zh: '无法连接控制器',
    en: 'the controller cannot be reached',
    todo: { zh: '检查地址、网络与证书。', en: 'Check the address, the network and the certificates.' },
  },
  connection_refused_by_peer: {
    exit: EXIT.internal,
    zh: '控制器拒绝了此代理',
    en: 'the controller refused this agent',
    todo: { zh: '检查证书与软件版本。', en: 'Check the certificate and the software version.' },
  },
  protocol_violation: {
    exit: EXIT.internal,
    zh: '对方不遵守协议',
    en: 'the peer broke the protocol',
    todo: {
      zh: '两端使用同一版本；如持续出现请保留证据。',
      en: 'Run the same version on both ends; keep the evidence if it goes on.',
    },
  },
  key_invalid: {
    exit: EXIT.usage,
    zh: '密钥或证书无效',
    en: 'a key or certificate is not valid',
    todo: { zh: '使用 ECDSA P-256 的 PEM 文件。', en: 'Use PEM files with ECDSA P-256 keys.' },
  },
  bundle_unreadable: {
    exit: EXIT.usage,
    zh: '证据包无法读取',
    en: 'the bundle cannot be read',
    todo: { zh: '给出含有 manifest.json 的目录。', en: 'Name a folder that has a manifest.json.' },
  },
  bundle_missing: {
    exit: EXIT.usage,
    zh: '此处没有证据包',
    en: 'there is no bundle here',
    todo: {
      zh: '给出含有 manifest.json 的那个目录（解压后可能多套一层目录）。',
      en: 'Name the folder that holds manifest.json; unpacking often puts one folder into another.',
    },
  },
  bundle_packed: {
    exit: EXIT.usage,
    zh: '这是压缩包，不是证据包目录',
    en: 'this is an archive and not the folder of a bundle',
    todo: {
      zh: '先解压，再给出解压后含有 manifest.json 的目录。',
      en: 'Unpack it, and name the folder that holds manifest.json.',
    },
  },
  bundle_is_file: {
    exit: EXIT.usage,
    zh: '这是一个文件，证据包是一个目录',
    en: 'this is a file, and a bundle is a folder',
    todo: {
      zh: '给出含有 manifest.json 的目录，而不是其中的文件。',
      en: 'Name the folder that holds manifest.json, not a file in it.',
    },
  },
  record_unknown: {
    exit: EXIT.usage,
    zh: '日志中没有该摘要所指的记录',
    en: 'no entry of the log has a record with this digest',
    todo: {
      zh: '核对摘要；若对方曾给您此摘要，请向其追问该记录的去向。',
      en: 'Compare the digest; if somebody gave it to you as part of this run, ask where the record went.',
    },
  },
  digest_invalid: {
    exit: EXIT.usage,
    zh: '不是 sha256 摘要',
    en: 'this is not a sha256 digest',
    todo: { zh: '给出 64 位小写十六进制摘要。', en: 'Give 64 hexadecimal digits in lower case.' },
  },
  verifier_usage: {
    exit: EXIT.usage,
    zh: '校验程序用法不正确',
    en: 'the arguments of the verifier were not understood',
    todo: { zh: '按上面所示的用法运行。', en: 'Run it as shown above.' },
  },
  node_too_old: {
    exit: EXIT.usage,
    zh: 'Node 版本过旧',
    en: 'this version of Node is too old',
    todo: {
      zh: '在本机安装 Node 22 或更新版本，或换一台装有它的机器。',
      en: 'Install Node 22 or later, or use a machine that has it.',
    },
  },
  run_unfinished: {
    exit: EXIT.usage,
    zh: '该目录中的测试未完成，不是证据包',
    en: 'the run in this folder was not finished, so it is not a bundle',
    todo: {
      zh: '若测试仍在进行，请等待其结束；若已被强行终止，请换一个目录重新测试。',
      en: 'If the run is still going on, wait for its end. If it was killed, measure again into another folder.',
    },
  },
  bundle_not_authentic: {
    exit: EXIT.notAuthentic,
    zh: '证据包校验不通过',
    en: 'the bundle does not verify',
    todo: { zh: '运行 ./assay verify 查看原因。', en: 'Run ./assay verify to see why.' },
  },
  already_signed: {
    exit: EXIT.usage,
    zh: '该角色已签署',
    en: 'this role has signed already',
    todo: {
      zh: '核对已有签名；证据包不可改签。',
      en: 'Check the existing signature; a signature cannot be replaced.',
    },
  },
  not_reviewed: {
    exit: EXIT.usage,
    zh: '审核人尚未签署，批准人不能先签',
    en: 'the reviewer has not signed yet, and the approver signs after the reviewer',
    todo: {
      zh: '请审核人先签：./assay sign 证据包 --role reviewer；然后再批准。',
      en: 'Let the reviewer sign first: ./assay sign BUNDLE --role reviewer. Then approve.',
    },
  },
  already_approved: {
    exit: EXIT.usage,
    zh: '证据包已批准，此后不能再补审核签名',
    en: 'the bundle is approved already, and a review cannot be added after the approval',
    todo: {
      zh: '取一份没有签名的证据包副本，先审核、再批准。',
      en: 'Take a copy of the bundle without signatures. Let the reviewer sign first, then the approver.',
    },
  },
  key_reused: {
    exit: EXIT.usage,
    zh: '同一密钥不能担任两个角色',
    en: 'one key cannot sign in two roles',
    todo: {
      zh: '控制器、审核人、批准人各用自己的密钥；用 ./assay keygen 生成。',
      en: 'Controller, reviewer and approver each need a key of their own; ./assay keygen makes one.',
    },
  },
  trust_invalid: {
    exit: EXIT.usage,
    zh: '信任文件无效',
    en: 'the trust file is not valid',
    todo: { zh: '按文档修正信任文件。', en: 'Correct the trust file as the documentation says.' },
  },
  tool_missing: {
    exit: EXIT.usage,
    zh: '缺少所需程序',
    en: 'a program that is needed is not installed',
    todo: { zh: '按提示安装后重试。', en: 'Install what is named and try again.' },
  },
  stamp_failed: {
    exit: EXIT.internal,
    zh: '时间戳申请失败',
    en: 'no time stamp was obtained',
    todo: {
      zh: '检查时间戳机构地址；可稍后补盖。',
      en: "Check the authority's address; the bundle can be stamped later.",
    },
  },
  recording_invalid: {
    exit: EXIT.usage,
    zh: '机器记录文件无效',
    en: 'the recorded machine is not valid',
    todo: { zh: '使用 ./assay inventory --record 生成的文件。', en: 'Use a file made by ./assay inventory --record.' },
  },
  interrupted: {
    exit: EXIT.cannotTell,
    zh: '被用户中断',
    en: 'interrupted by the user',
    todo: { zh: '证据包已写出，未测项已注明。', en: 'The bundle was written and says what was not tested.' },
  },
  internal: {
    exit: EXIT.internal,
    zh: '内部错误',
    en: 'an internal error',
    todo: { zh: '请附上完整输出报告此问题。', en: 'Please report it with the whole output.' },
  },
} as const satisfies Record<string, ErrorText>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class: a stable code from the table and the particulars of this case. */
export class AssayError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, particulars: string, options?: ErrorOptions) {
    super(particulars, options);
    this.name = 'AssayError';
    this.code = code;
  }

  get exit(): number {
    return ERRORS[this.code].exit;
  }
}

/** The command that lists all commands. */
export const PROGRAM_HELP = './assay --help';

/**
 * What a person reads on a terminal: code, both languages, the particulars and what to do. Particulars may hold names
 * from files of other people: nothing of them may steer the terminal. `help` is the command that explains the one that
 * failed.
 */
export function explain(error: AssayError, help = PROGRAM_HELP): string {
  const text = ERRORS[error.code];
  const particulars = error.message.replace(/(?!\n)\p{Cc}|\p{Bidi_Control}/gu, '?');
  const [en, zh] = [text.todo.en, text.todo.zh].map((todo) => todo.replace(PROGRAM_HELP, help));
  return `assay: ${error.code}: ${text.en}: ${particulars}\n  ${en}\n  ${text.zh}。${zh}`;
}
