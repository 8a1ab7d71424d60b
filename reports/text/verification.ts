import type { Text } from '../../model/text.ts';
import type { Step, StepId, Verification } from '../verify/verify.ts';
import { OVERALL_TEXT } from './catalog.ts';

const STEP_TEXT: Record<StepId, Text> = {
  files: { zh: '文件完整性', en: 'files and digests' },
  signatures: { zh: '签名', en: 'signatures' },
  stamps: { zh: '时间戳', en: 'time stamps' },
  log: { zh: '日志', en: 'log' },
  measurements: { zh: '测量记录', en: 'signed measurements' },
  completeness: { zh: '完备性', en: 'completeness' },
  summaries: { zh: '汇总重算', en: 'summaries recomputed from raw samples' },
  report: { zh: '重新判定', en: 'report judged again, byte for byte' },
  guide: { zh: '指南', en: 'guide' },
  pages: { zh: '页面重绘', en: 'pages rendered again, byte for byte' },
};

const SIGN: Record<Step['state'], string> = { good: 'ok ', bad: 'BAD', not_checked: ' - ' };

/** The result for a person: a line per check, every defect by its file, and the verdict in both languages. */
export function verificationText(result: Verification): string {
  const lines: string[] = [];
  result.steps.forEach((step, index) => {
    const { zh, en } = STEP_TEXT[step.id];
    lines.push(`${String(index + 1).padStart(2)} ${SIGN[step.state]} ${zh} ${en}${step.note ? ` (${step.note})` : ''}`);
    for (const { path, problem } of step.defects) lines.push(`       ${printable(path)}: ${printable(problem)}`);
  });
  if (result.outcome === undefined) {
    lines.push(
      '',
      '证据包不可信：内容被改动、缺失或自相矛盾',
      'NOT AUTHENTIC: something was changed, is missing or contradicts itself',
    );
  } else {
    const { zh, en } = OVERALL_TEXT[result.outcome];
    lines.push('', `证据包一致。判定结果：${zh}`, `The bundle is consistent. Outcome: ${en}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The result for a program. */
export function verificationJson(result: Verification): string {
  return JSON.stringify(result, null, 2);
}

/** Names in a bundle come from somebody else: control characters must not reach the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}|\p{Bidi_Control}/gu, '?');
