import type { Overall } from '../../model/outcome.ts';
import type { Text } from '../../model/text.ts';
import { RELEASE_ROLES } from '../release/release.ts';
import type { Flaw } from '../verify/defect.ts';
import type { InclusionProof } from '../verify/inclusion.ts';
import type { Step, StepId, Verification } from '../verify/verify.ts';
import { UNVOUCHED, type Vouched } from '../verify/vouching.ts';
import { DEFECTS } from './defects.ts';
import { china, utc } from './moment.ts';
import { ROLE_TEXT } from './notes.ts';
import { overallText, partialNotice } from './partial.ts';
import { passesByLevel } from './standing.ts';

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

/** Said of a report that another version made and this one cannot make again. */
export const AS_SIGNED: Text = {
  zh: '由其他版本的软件生成，本版本无法重新判定；报告按控制器所签署的内容使用',
  en: 'another version of this software made it and this one cannot judge it again; its report is taken as it was signed',
};

/** Said of a document that was made after the bundle was signed. */
export const OUTSIDE_SIGNATURE: Text = {
  zh: '本文件在证据包签署之后另行生成，不在签名范围内；以证据包和 ./assay verify 的结果为准',
  en: 'made after the bundle was signed, and outside its signatures; what counts is the bundle and ./assay verify',
};

const SIGN: Record<Step['state'], string> = { good: 'ok ', bad: 'BAD', not_checked: ' - ' };

/**
 * The result for a person: a line per check, every defect by its file, the verdict in both languages, and what an
 * auditor compares with other copies. `version` is that of the software that checks.
 */
export function verificationText(result: Verification, version: string, proof?: InclusionProof): string {
  const lines: string[] = [];
  result.steps.forEach((step, index) => {
    const { zh, en } = STEP_TEXT[step.id];
    lines.push(
      `${String(index + 1).padStart(2)} ${SIGN[step.state]} ${zh} ${en}${step.note ? noteText(step.note) : ''}`,
    );
    for (const defect of step.defects) lines.push(`       ${printable(defect.path)}: ${printable(defectText(defect))}`);
  });
  if (result.outcome === undefined) {
    lines.push(
      '',
      '证据包不可信：内容被改动、缺失或自相矛盾',
      'NOT AUTHENTIC: something was changed, is missing or contradicts itself',
    );
    const other = result.software && result.software.version !== version ? result.software : undefined;
    if (other) {
      const name = printable(`${other.name} ${other.version}`);
      lines.push(
        `证据包自称由 ${name} 生成，本软件为 ${version}；页面差异可能源于版本不同，请用相同版本复核`,
        `It says that it was made by ${name}; this is ${version}. Check it with that version before you judge.`,
      );
    }
  } else if (result.undecided) {
    lines.push('', ...undecidedLines(result.undecided, result));
  } else {
    const { zh, en } = wordOf(result.outcome, result);
    lines.push('', `证据包一致。判定结果：${zh}`, `The bundle is consistent. Outcome: ${en}`);
  }
  if (result.partial) {
    const { zh, en } = partialNotice(result.partial);
    lines.push(printable(zh), printable(en));
  }
  if (result.outcome !== undefined && result.steps.some((s) => s.id === 'pages' && s.state === 'not_checked')) {
    lines.push(
      '页面（report.html 等）未能与报告比对，请以本结果为准，或用生成它的版本复核',
      'The pages (report.html and others) were not compared with the report. Rely on this result, or check with the version that made them.',
    );
  }
  if (result.passes) {
    const { zh, en } = passesByLevel(result.passes);
    lines.push(zh, en);
  }
  if (result.controller) lines.push(...vouchedLines(result.controller));
  if (result.outcome !== undefined) lines.push(...releaseLines(result));
  if (result.log) {
    const { size, root, keyId } = result.log;
    lines.push(
      `日志 log: ${size} 条 entries, root ${root}`,
      `控制器密钥 controller key: ${keyId}`,
      '请与委托方、被测方各自留存的根哈希比对 / compare the root with the copies that the other parties keep',
    );
  }
  if (proof) lines.push('', '包含证明 / proof of inclusion', JSON.stringify(proof, null, 2));
  return `${lines.join('\n')}\n`;
}

/** Who released the bundle: a line a role, also for one that has not signed. */
function releaseLines({ releases }: Verification): string[] {
  return RELEASE_ROLES.map((role) => {
    const { zh, en } = ROLE_TEXT[role];
    const release = releases.find((one) => one.role === role);
    if (!release) return `${zh} ${en}: 未签署 not signed`;
    const { name, keyId, signedAt, trusted } = release;
    const trust = trusted ? '受信任 trusted' : '未经信任文件核对 not checked against a trust file';
    return printable(`${zh} ${en}: ${name}, 密钥 key ${keyId}, ${utc(signedAt)} (${china(signedAt)}), ${trust}`);
  });
}

/** What was said beside a check, in both languages where they differ. */
const noteText = ({ zh, en }: Text): string => printable(zh === en ? ` (${en})` : ` (${zh}｜${en})`);

/** What is wrong in both languages, and the particulars where they say more than that. */
function defectText({ code, problem }: Flaw): string {
  const { zh, en } = DEFECTS[code];
  return problem === en ? `${zh} ${en}` : `${zh} ${en} (${problem})`;
}

/** Why nothing can be told, and what the bundle says for itself. */
function undecidedLines({ steps, reasons, judged }: NonNullable<Verification['undecided']>, of: Standing): string[] {
  const names = [...steps.map((id) => STEP_TEXT[id]), ...reasons.map((code) => UNVOUCHED[code])];
  const lines = [
    `能够核对的部分一致；因下列各项，无法判定：${names.map((n) => n.zh).join('、')}`,
    `What could be checked is consistent; the outcome cannot be told because of: ${names.map((n) => n.en).join('; ')}`,
  ];
  if (judged !== undefined) {
    const { zh, en } = wordOf(judged, of);
    lines.push(
      `仅就证据包自身而言，判定为：${zh}（不作保证）`,
      `By the bundle’s own keys and guide alone: ${en} (nobody vouches for it)`,
    );
  }
  if (steps.includes('guide')) {
    lines.push(
      '如认可该指南，请将其 sha256 列入您的信任文件（guides）后重新校验',
      'If you accept the guide, list its sha256 under guides in your trust file and verify again.',
    );
  }
  return lines;
}

/** The outcome as the report of such a run words it. */
const wordOf = (outcome: Overall, { controller, partial }: Standing): Text =>
  overallText({ outcome, partial, relation: controller?.relation ?? 'independent' });

/** What the word of an outcome depends on beside it. */
type Standing = Pick<Verification, 'controller' | 'partial'>;

/** Who held the controller's key, for whom the result holds, and who vouches for that. */
function vouchedLines({ holdsFor, trustedAs, relation }: Vouched): string[] {
  const vouching =
    trustedAs !== undefined
      ? [`您的信任文件称该密钥属于：${trustedAs}`, `Your trust file says that this key belongs to: ${trustedAs}`]
      : relation === 'independent'
        ? [
            '“独立”只是密钥持有人自己的声明：您没有给出列有该密钥的信任文件',
            '“Independent” is only the holder’s own declaration: you gave no trust file that has the key',
          ]
        : [];
  return [holdsFor.zh, holdsFor.en, ...vouching].map(printable);
}

/** The result for a program. */
export function verificationJson(result: Verification, version: string, proof?: InclusionProof): string {
  const { authentic, outcome = null, ...rest } = result;
  const checkedBy = { name: 'assay', version };
  const content = { schema: 'assay/verification/v1', checkedBy, authentic, outcome, ...rest };
  return JSON.stringify(proof ? { ...content, proof } : content, null, 2);
}

/** Names in a bundle come from somebody else: control characters must not reach the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}|\p{Bidi_Control}/gu, '?');
