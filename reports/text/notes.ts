import type { Text } from '../../model/text.ts';

const text = (zh: string, en: string): Text => ({ zh, en });

/** The roles of a release. */
export const ROLE_TEXT = {
  reviewer: text('审核', 'reviewer'),
  approver: text('批准', 'approver'),
} as const;

/** Most files that a note names. */
const MOST_NAMED = 10;

/**
 * What the verifier says beside a check: what was found, or why it was not checked. Particulars come in as they are.
 */
export const NOTES = {
  notReached: text('未进行到此步', 'not reached'),
  stopped: text('核对到此为止，其后的内容未读取', 'checking stopped here; nothing after this was read'),
  stoppedAt: (path: string): Text => text(`核对止于 ${path}`, `checking stopped at ${path}`),
  foreign: (paths: readonly string[]): Text => {
    const named = paths.slice(0, MOST_NAMED).join(', ');
    const more = paths.length > MOST_NAMED;
    return text(
      `操作系统等自行加入、不属于证据包、未读取的文件：${named}${more ? ` 等 ${paths.length} 个` : ''}`,
      `not part of the bundle, added by operating systems or the like, and not read: ${named}${more ? ` and ${paths.length - MOST_NAMED} more` : ''}`,
    );
  },
  notStamped: text('未加盖时间戳', 'not stamped'),
  notReleased: text('尚未签发', 'not released yet'),
  noTrust: text(
    '未提供信任文件：密钥取自证据包本身，无人为其担保',
    "no trust file: the keys are the bundle's own, and nobody vouches for them",
  ),
  selfTestUntrusted: text(
    '自测：控制器密钥不在您的信任文件中，无人为其担保',
    'a self-test: the controller’s key is not in your trust file, and nobody vouches for it',
  ),
  released: (role: 'reviewer' | 'approver', name: string): Text =>
    text(`${ROLE_TEXT[role].zh} ${name}`, `${ROLE_TEXT[role].en} ${name}`),
  records: (accepted: number, rejected: number, lost: number): Text =>
    text(
      `采纳 ${accepted} 条，拒收 ${rejected} 条，丢失 ${lost} 条`,
      `${accepted} accepted, ${rejected} rejected, ${lost} lost`,
    ),
  otherVersion: (software: string, running: string, particulars: string): Text =>
    text(
      `由 ${software} 生成，本软件为 ${running}：${particulars}；本版本无法重做`,
      `made by ${software}, this is ${running}: ${particulars}; this version cannot make it again`,
    ),
  softerPlan: (profile: string, particulars: string): Text =>
    text(
      `计划的要求低于档位 ${profile}：${particulars}`,
      `the plan asks for less than the profile ${profile}: ${particulars}`,
    ),
  guide: (name: string): Text => text(name, name),
  guideUnknown: (name: string, sha256: string, trusted: boolean): Text =>
    text(
      `${name}（sha256 ${sha256}）不是${trusted ? '您信任的' : '本软件已知的'}指南`,
      `${name} (sha256 ${sha256}) is not a guide that ${trusted ? 'you trust' : 'this software knows'}`,
    ),
  stamp: (time: string, authority: string): Text => text(`${authority} 于 ${time} 加盖`, `${time} by ${authority}`),
  stampOfNobody: (time: string): Text =>
    text(`${time} 加盖，机构未经核对`, `${time} by an authority that was not checked`),
  stampUnchecked: (why: string): Text => text(`有时间戳未能核对：${why}`, `a stamp that was not checked: ${why}`),
  stampInLog: (of: 'plan' | 'log', said: Text): Text =>
    text(
      `${{ plan: '测试计划', log: '测试日志' }[of]}：${said.zh}`,
      `${{ plan: 'the plan', log: 'the log at its end' }[of]}: ${said.en}`,
    ),
  sm2By: (path: string, key: string): Text =>
    text(`密钥 ${key} 对 ${path} 的 SM2 签名`, `SM2 over ${path} by the key ${key}`),
  sm2Good: (addendum: string, path: string): Text =>
    text(`${addendum}：对 ${path} 的 SM2 签名有效`, `${addendum}: the SM2 signature over ${path} is good`),
  sm2Unchecked: (addendum: string, why: string): Text =>
    text(`${addendum}：SM2 签名未能核对：${why}`, `${addendum}: the SM2 signature was not checked: ${why}`),
} as const satisfies Record<string, Text | ((...particulars: never[]) => Text)>;

/** Several of them in one. */
export const joined = (notes: readonly Text[]): Text => ({
  zh: notes.map((n) => n.zh).join('；'),
  en: notes.map((n) => n.en).join('; '),
});
