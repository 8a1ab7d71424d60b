import type { LibraryReason } from '../../model/reason.ts';
import type { LibraryAdvice } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { percent, significant } from './quantity.ts';

/** Heading and key of the table of libraries that nodes lacked. */
export const LIBRARIES = {
  heading: { zh: '缺少或不可用的运算库', en: 'Libraries that are missing or not usable' },
  key: {
    zh: '以下精度的数值可能低于平台的真实能力；“通常”值来自并排实测，来源与日期随行注明。',
    en: 'At these precisions the platform may do more than was measured. Usual shares come from measurements side by side; source and date stand beside them.',
  },
} as const satisfies Record<string, Text>;

const STATE: Readonly<Record<LibraryReason, (library: string) => Text>> = {
  library_missing: (library) => ({ zh: `缺少 ${library}`, en: `${library} is not installed` }),
  library_old: (library) => ({ zh: `${library} 版本过旧`, en: `${library} is too old` }),
  library_refused: (library) => ({ zh: `${library} 未通过试运行`, en: `${library} is installed but failed its trial` }),
};

const NAMES: Readonly<Record<string, string>> = { onnxruntime: 'ONNX Runtime' };

/**
 * Which library is missing, too old or refused, for which precision, and its known cost: one sentence, without the
 * remedy.
 */
export function libraryCost(advice: LibraryAdvice): Text {
  const { code, library, precision, used, target, gain, usual, reached } = advice;
  const state = STATE[code](library);
  if (precision === undefined) {
    return {
      zh: `${target} 加速卡：${state.zh}，因此没有测到这些加速卡`,
      en: `accelerators of ${target}: ${state.en}, so none of them was measured`,
    };
  }
  const at = `${precision} (${target})`;
  if (used === undefined) {
    return {
      zh: `${at}：${state.zh}，因此未能测量该精度`,
      en: `${at}: ${state.en}, so this precision was not measured`,
    };
  }
  const name = NAMES[used] ?? used;
  const own = name === library;
  const share = reached === undefined ? undefined : percent(reached);
  const zh = [
    `${at}：${state.zh}${own ? '' : `，改用 ${name}`}`,
    usual
      ? `${library} 通常可达峰值的 ${percent(usual.with)}${usual.without === undefined ? '' : `，${name} 通常为 ${percent(usual.without)}`}`
      : '对本处理器的影响未知',
    ...(share === undefined ? [] : [`本次为理论峰值的 ${share}`]),
    ...(gain === undefined ? [] : [`安装后通常约为现值的 ${significant(gain, 2)} 倍`]),
  ];
  const en = [
    `${at}: ${state.en}${own ? '' : `, and ${name} was used instead`}`,
    usual
      ? `${percent(usual.with)} of the peak is usual with ${library}${usual.without === undefined ? '' : `, ${percent(usual.without)} with ${name}`}`
      : 'the effect on this processor is not known',
    ...(share === undefined ? [] : [`this run reached ${share} of the theoretical peak`]),
    ...(gain === undefined ? [] : [`with ${library} about ${significant(gain, 2)} times this rate is usual`]),
  ];
  return { zh: zh.join('；'), en: en.join('; ') };
}

/** Which libraries are missing or not usable, and for which precisions, in one sentence for page 1. */
export function librariesBrief(libraries: readonly LibraryAdvice[], chapter: number): Text {
  const groups = [...Map.groupBy(libraries, ({ library, code }) => JSON.stringify([code, library]))].map(([, all]) => {
    const { code, library } = all[0]!;
    const at = [...new Set(all.map(({ precision, target }) => precision ?? target))].join(', ');
    const state = STATE[code](library);
    return { zh: `${state.zh}（${at}）`, en: `${state.en} (${at})` };
  });
  return {
    zh: `${groups.map(({ zh }) => zh).join('，')}：算力可能高于测得值，见第 ${chapter} 章。`,
    en: `${groups.map(({ en }) => en).join(', ')}: the platform may do more than was measured, see section ${chapter}.`,
  };
}
