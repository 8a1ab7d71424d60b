import type { Relation } from '../../model/controller.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, type Overall } from '../../model/outcome.ts';
import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { OVERALL_MEANING, OVERALL_TEXT } from './catalog.ts';
import { whole } from './quantity.ts';

/** What a report is, by who held the controller's key: nobody can accept their own platform. */
export const TITLE: Record<Relation, Text> = {
  self: { zh: '算力平台自测报告', en: 'Compute Platform Self-Test Report' },
  independent: { zh: '算力平台验收报告', en: 'Compute Platform Acceptance Report' },
};

/** The same of a run that was about some targets only. */
export const TITLE_PARTIAL: Record<Relation, Text> = {
  self: { zh: '算力平台部分自测报告', en: 'Compute Platform Partial Self-Test Report' },
  independent: { zh: '算力平台部分测试报告', en: 'Compute Platform Partial Test Report' },
};

/** The kind of run, in a word. */
export const KIND: Record<Relation, Text> = {
  self: { zh: '自测', en: 'self-test' },
  independent: { zh: '独立检测', en: 'independent test' },
};

const SELF_TEST: Record<Overall, { readonly word: Text; readonly meaning: Text }> = {
  passed: {
    word: { zh: '自测通过', en: 'SELF-TEST PASSED' },
    meaning: {
      zh: '自测中，本平台达到了指南的全部必选要求。',
      en: 'In a test by its own operator the platform meets every mandatory requirement of the guide.',
    },
  },
  passed_with_deviations: {
    word: { zh: '自测有条件通过', en: 'SELF-TEST PASSED WITH DEVIATIONS' },
    meaning: {
      zh: '自测中，除已批准豁免的项目外，本平台达到了指南的必选要求。',
      en: 'In a test by its own operator the platform meets the mandatory requirements but for those with an approved waiver.',
    },
  },
  not_passed: {
    word: { zh: '自测不通过', en: 'SELF-TEST NOT PASSED' },
    meaning: {
      zh: '自测中，本平台目前没有达到指南的全部必选要求。',
      en: 'In a test by its own operator the platform does not meet every mandatory requirement of the guide at present.',
    },
  },
  cannot_tell: { word: OVERALL_TEXT.cannot_tell, meaning: OVERALL_MEANING.cannot_tell },
};

/** The outcome in a word; `reports/text/partial.ts` adds to it where not the whole guide was asked for. */
export const wordOf = (outcome: Overall, relation: Relation): Text =>
  relation === 'self' ? SELF_TEST[outcome].word : OVERALL_TEXT[outcome];

/** The same in one plain sentence, for a reader who is no engineer. */
export const meaningOf = (outcome: Overall, relation: Relation): Text =>
  relation === 'self' ? SELF_TEST[outcome].meaning : OVERALL_MEANING[outcome];

/** As many hex digits of a key id or a digest as a sentence takes; the whole stands in the tables and in the data. */
const DIGITS = 16;

/** Who held the controller's key, for whom the result holds, and what makes an acceptance of a self-test. */
export function holdsFor({ relation, holder, keyId }: Report['controller']): Text {
  const key = keyId.slice(0, DIGITS);
  if (relation === 'independent') {
    return {
      zh: `控制器密钥 ${key}… 的持有人 ${holder} 声明独立于被测方；结果对信任该持有人的人成立，即信任文件中列有该密钥的人。`,
      en: `The holder of the controller’s key ${key}…, ${holder}, declares itself independent of the party under test; the result holds for whoever trusts that holder, by a trust file with that key.`,
    };
  }
  return {
    zh: `自测：只对信任控制器密钥 ${key}… 持有人（${holder}）的人成立，即运营方自己；如需验收，由评审方用自己持有的控制器密钥重新检测。`,
    en: `Self-test: it holds for whoever trusts the holder of the controller’s key ${key}… (${holder}): the operator itself; for an acceptance an evaluator measures again with a controller’s key of its own.`,
  };
}

/** Who could have made up a number of each level. */
const FORGER: Record<EvidenceLevel, Text> = {
  E0: { zh: 'E0 为登记表的编写者', en: 'E0 by whoever wrote the register' },
  E1: {
    zh: 'E1（节点自己的说法）为节点的控制者即运营方',
    en: 'E1, the nodes’ own word, by the operator who controls them',
  },
  E2: { zh: 'E2 仅为控制器密钥的持有人', en: 'E2 by the holder of the controller’s key alone' },
  E3: { zh: 'E3 须与见证方合谋', en: 'E3 only with the witness' },
};

/** Passes by level, highest first, and who could have forged which: `9 pass: 1 E2, 4 E1, 4 E0.` */
export function passesByLevel(passes: Report['overall']['passes']): Text {
  const levels = [...EVIDENCE_LEVELS].reverse().filter((level) => passes[level] > 0);
  const all = levels.reduce((sum, level) => sum + passes[level], 0);
  if (all === 0) return { zh: '通过 0 项。', en: '0 pass.' };
  return {
    zh: `通过 ${whole(all)} 项：${levels.map((level) => `${level} ${whole(passes[level])} 项`).join('、')}。可能的伪造者：${levels.map((level) => FORGER[level].zh).join('；')}。`,
    en: `${whole(all)} pass: ${levels.map((level) => `${whole(passes[level])} ${level}`).join(', ')}. Could have been forged: ${levels.map((level) => FORGER[level].en).join('; ')}.`,
  };
}

/** Marks every result that was judged by a guide which does not come with this software. */
export function unknownGuide({ id, version, sha256 }: Report['guide']): Text {
  const guide = `${id} ${version}`;
  const digest = `sha256 ${sha256.slice(0, DIGITS)}…`;
  return {
    zh: `指南未知：${guide}（${digest}）不是本软件自带的指南，任何人都可以编写；整体无法判定。`,
    en: `guide not known: ${guide} (${digest}) does not come with this software, and anybody can write one; the outcome of the whole cannot be told.`,
  };
}

/** What the verdicts would give by a guide that nobody knows. */
export function judgedBy(judged: Overall, relation: Relation): Text {
  const { zh, en } = wordOf(judged, relation);
  return { zh: `仅按该指南：${zh}（不作保证）`, en: `By that guide alone: ${en} (nobody vouches for it)` };
}
