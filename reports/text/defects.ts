import type { Text } from '../../model/text.ts';

/**
 * Everything that can be wrong with a bundle, by a stable code: a predicate of the file that it is said of. Where the
 * verifier knows more than that (which digest, which attempt), it says so beside it.
 */
export const DEFECTS = {
  missing: { zh: '文件缺失', en: 'is missing' },
  changed: { zh: '内容已被改动', en: 'was changed' },
  added: { zh: '清单中没有此文件，系后来加入', en: 'was added' },
  listed_twice: { zh: '在清单中重复列出', en: 'is listed twice' },
  not_listable: { zh: '不应列入清单', en: 'cannot be in the manifest' },
  misnamed: { zh: '内容与文件名中的摘要不符', en: 'is not the evidence that its name says' },
  misplaced: { zh: '证据包中不应有此文件', en: 'does not belong in a bundle' },
  malformed: { zh: '格式不符合要求', en: 'is not in the form that it must have' },
  more: { zh: '还有更多问题，未逐一列出', en: 'there is more of this, not listed one by one' },

  key_invalid: { zh: '密钥缺失或不是 ECDSA P-256 密钥', en: 'is missing or not an ECDSA P-256 key' },
  key_surplus: { zh: '除密钥外还有其他内容', en: 'holds more than a key' },
  key_untrusted: { zh: '不是您信任的控制器的密钥', en: 'is not the key of a controller that you trust' },
  key_shared: { zh: '本应各不相同的两方使用了同一密钥', en: 'one key is used by two who must be different' },
  signature_invalid: { zh: '签名无效', en: 'the signature does not hold' },
  signature_surplus: { zh: '签名多于一个', en: 'has more than one signature' },
  signer_untrusted: {
    zh: '没有该角色受信任密钥的有效签名',
    en: 'has no valid signature by a key that is trusted in its role',
  },
  signer_other: {
    zh: '注明的密钥不是实际签名所用的密钥',
    en: 'names another key than the one it was signed with',
  },
  role_other: { zh: '签署时的角色与文件所示不同', en: 'was signed in another role' },
  run_other: { zh: '属于另一测试批次', en: 'is of another run' },
  subject_other: { zh: '所签的内容与此处的内容不是同一份', en: 'was signed for something other than what is here' },

  addendum_stray: { zh: '所附加的对象不在此处或不可附加', en: 'is about something that it cannot speak for' },
  stamp_other: { zh: '时间戳所盖的是别的内容', en: 'is a stamp of something else' },
  stamp_invalid: { zh: '时间戳无效', en: 'the time stamp does not hold' },
  sm2_key_invalid: { zh: '注明的密钥不是 SM2 密钥', en: 'names a key that is not an SM2 key' },
  sm2_invalid: { zh: 'SM2 签名无效', en: 'the SM2 signature does not hold' },

  line_damaged: { zh: '日志行残缺或过长', en: 'the line is cut off or too long' },
  too_much: { zh: '超出任何测试批次的数量', en: 'is more than any run has' },
  entry_malformed: { zh: '日志条目格式不符合要求', en: 'is no entry of a log' },
  entry_order: { zh: '日志条目的次序不可能出现', en: 'cannot stand at this place of the log' },
  log_incomplete: { zh: '日志不完整', en: 'the log is not complete' },
  log_other: { zh: '不是所签署的那份日志', en: 'is not the log that was signed' },
  checkpoint_invalid: { zh: '日志检查点无效或属于另一日志', en: 'is no valid checkpoint of this log' },
  inputs_invalid: { zh: '本批次的输入文件缺失或无效', en: 'the inputs of the run are missing or not valid' },
  input_stray: { zh: '不是本批次的输入文件', en: 'is not among the inputs of the run' },
  inventory_invalid: { zh: '节点清单缺失、无效或属于另一节点', en: 'the inventory of a node is missing or not valid' },
  plan_invalid: { zh: '测试计划无效', en: 'the plan is not valid' },
  attempt_unplanned: { zh: '该次尝试不在计划之内或从未下发', en: 'the attempt was not planned or never sent out' },
  attempt_ended_twice: { zh: '同一次尝试有两个结果', en: 'the attempt has ended before' },
  attempt_open: { zh: '已下发的尝试没有结果记录', en: 'an attempt was sent out and has no end' },
  rejection_unfounded: { zh: '被拒收的结果并无问题', en: 'a result was rejected, and nothing is wrong with it' },
  rejection_unproven: {
    zh: '被拒收的原始记录缺失，或与所记的拒收原因不符',
    en: 'what was rejected is missing, or not for the reason that was recorded',
  },

  measurement_malformed: { zh: '测量记录格式不符合要求', en: 'is not a measurement' },
  measurement_other: {
    zh: '测量记录属于另一批次、节点、任务或次序',
    en: 'the measurement belongs to another run, node, assignment or place in the chain',
  },
  settings_other: { zh: '测量所用设置与任务不同', en: 'the settings are not those of the assignment' },
  state_contradictory: { zh: '测量记录自相矛盾', en: 'the measurement contradicts itself' },
  time_unsound: { zh: '时间记录不可能出现', en: 'the times cannot be' },
  evidence_missing: { zh: '原始证据缺失', en: 'evidence is missing' },
  evidence_changed: { zh: '原始证据与签名时不同', en: 'evidence is not the bytes that were signed' },
  proof_unknown: { zh: '本软件没有该测试项此版本的核验方法', en: 'no proof is known for this benchmark and version' },
  samples_invalid: { zh: '原始样本格式不符或无法核验', en: 'the samples do not fit or cannot be examined' },
  summary_unfounded: {
    zh: '由原始样本得不出所报的数值',
    en: 'the samples do not give the numbers that were reported',
  },

  report_unfounded: { zh: '由证据得不出这份报告', en: 'is not the report that the evidence gives' },
  outcome_unfounded: { zh: '所述结论与证据得出的不同', en: 'states another outcome than the evidence gives' },
  subject_surplus: { zh: '所签的内容多于应有的', en: 'was signed for something that does not belong' },
  guide_unknown: { zh: '不是受信任或已知的指南', en: 'is not a guide that is trusted or known' },
  page_unfounded: { zh: '与报告重新生成的页面不同', en: 'is not the page that the report gives' },
  document_other: { zh: '不是所签署的那份文件', en: 'is not the document that was signed' },
  not_judgeable: { zh: '证据无法判定', en: 'cannot be judged' },
} as const satisfies Record<string, Text>;

export type DefectCode = keyof typeof DEFECTS;
