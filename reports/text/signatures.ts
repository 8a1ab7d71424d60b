import type { Text } from '../../model/text.ts';

/** Labels and sentences of the signature page. */
export const SIGNATURES = {
  title: { zh: '签署页', en: 'Signature page' },
  manifest: { zh: '证据包清单', en: 'Manifest of the bundle' },
  role: { zh: '角色', en: 'Role' },
  name: { zh: '姓名', en: 'Name' },
  key: { zh: '密钥编号', en: 'Key id' },
  when: { zh: '签署时间', en: 'Signed at' },
  trusted: { zh: '是否受信任', en: 'Trusted' },
  controller: { zh: '控制器（评估）', en: 'controller (evaluation)' },
  notSigned: { zh: '未签署', en: 'not signed' },
  yes: { zh: '是，按所给信任文件', en: 'yes, by the trust file that was given' },
  no: { zh: '否', en: 'no' },
  unchecked: { zh: '未经信任文件核对', en: 'not checked against a trust file' },
  beside: {
    zh: '本页由 ./assay sign 在证据包之外生成，不在签名范围内，其本身不证明任何事项。',
    en: 'This page was made by ./assay sign beside the bundle. It is outside the signatures and proves nothing by itself.',
  },
  check: {
    zh: '以 ./assay verify 证据包 --trust 信任文件 的结果为准；其中列出同样的姓名、密钥编号与时间。',
    en: 'What counts is ./assay verify BUNDLE --trust FILE, which lists the same names, key ids and times.',
  },
} as const satisfies Record<string, Text>;
