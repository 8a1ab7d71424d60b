/** What stands beside the files, variables and policies that a run measured with. */
export const ENVIRONMENT_TEXT = {
  title: { zh: '测量所用的库、工具与变量', en: 'Libraries, tools and variables of the measurements' },
  note: {
    zh: '由节点代理从测量进程中读取并签名；完整清单在证据包的 environment.json 证据中。代理若不诚实，此处也不可信。',
    en: 'The agent of the node read this from the measuring processes and signed it. The whole list is in environment.json, the evidence of each measurement. A dishonest agent can make this up.',
  },
  file: { zh: '文件', en: 'File' },
  digest: { zh: 'SHA-256（前 16 位）', en: 'SHA-256 (first 16 digits)' },
  buildId: { zh: '构建标识', en: 'Build id' },
  nodes: { zh: '节点数', en: 'Nodes' },
  variable: { zh: '变量', en: 'Variable' },
  value: { zh: '值', en: 'Value' },
  policy: { zh: '节点策略指定的库', en: 'Libraries that the policy of a node names' },
} as const;

/** Why the bytes of a file are not known. */
export const PROBLEM_TEXT = {
  deleted: { zh: '文件已删除', en: 'its file is gone' },
  memory: { zh: '仅在内存中', en: 'in memory only' },
  changed: { zh: '测量期间被改动', en: 'changed while it was measured' },
  unreadable: { zh: '无法读取', en: 'cannot be read' },
} as const;
