import { Converter } from 'opencc-js/t2cn';

const fromTraditional = Converter({ from: 't', to: 'cn' });

/** Characters that were looked up; there are no more of them than Unicode has. */
const simple = new Map<string, string>();

/**
 * Width made plain and traditional characters with their variants made simplified (OpenCC's tables), one by one: what a
 * character becomes must not hang on its neighbours, or two writings of one name could come apart.
 */
function simplified(text: string): string {
  let made = '';
  for (const character of text.normalize('NFKC')) {
    let one = character;
    if (character > '\u2e7f') {
      one = simple.get(character) ?? fromTraditional(character);
      simple.set(character, one);
    }
    made += one;
  }
  return made;
}

/** Cells that are longer are no word for nothing, no title of totals and no signature. */
const LONGEST_WORD = 60;
/** Names that were made plain lately: one row asks several times, and many rows have the same industry. */
const lately = new Map<string, string>();
const LATELY = 4096;

/**
 * What two writings of one name have in common: without width, case, blanks, punctuation, the number of a list before
 * it, and the difference between simplified and traditional characters. Empty for a name of punctuation alone.
 */
export function sameness(name: string): string {
  const before = lately.get(name);
  if (before !== undefined) return before;
  const plain = simplified(name).toLowerCase();
  const unnumbered = plain.replace(
    /^\s*(?:\(\s*(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*\)|(?:\d{1,3}|[一二三四五六七八九十]{1,3})、)/u,
    '',
  );
  // “C”, “C++” and “C#” are three things
  const same = (unnumbered || plain).replace(/(?!#)[\p{P}\p{Z}\p{Cc}\p{Cf}]/gu, '');
  if (lately.size === LATELY) lately.clear();
  lately.set(name, same);
  return same;
}

/** The same without what stands in brackets at the end: a branch or a former name beside the name proper. */
export function bareSameness(name: string): string {
  return sameness(name.normalize('NFKC').replace(/\s*[([【〔][^()[\]【】〔〕]*[)\]】〕]\s*$/u, '')) || sameness(name);
}

/** Words that people write where there is nothing to write, as `sameness` gives them. */
const NOTHING =
  /^(?:无|没有|暂无|空|空白|无内容|以下空白|以下无内容|以下无正文|不适用|不详|未知|未填|待定|待补|待补充|待填|待填写|待确认|同上|略|na|nil|null|none|nothing|empty|tbd|todo|unknown|undefined|nan)$/;
/** Words for what is not said, which name no thing that could be counted. */
const OTHER = /^(?:其他|其它|其余|等|等等|others?|etc|misc|miscellaneous|x{2,}|0+|\d{1,2})$/;
const SUM =
  /^(?:合计|总计|小计|总和|共计|累计|总数|本页合计|本页小计|(?:sub|grand)?total|sum)(?:$|[:(,\d])|^共[\d一二三四五六七八九十百]+[个家项条行户名]/;
const REMARK =
  /^(?:注|备注|说明|附注|填报人|填表人|填报单位|填表单位|填报日期|填表日期|制表人|制表日期|制表|经办人|审核人|审核|复核人|负责人|单位负责人|联系人|联系电话|电话|签字|签名|盖章|单位盖章|日期|notes?|remarks?|signature|prepared by|date)\s*(?:\([^()]*\)\s*)?:/i;

/** Whether a cell says that there is nothing: “无”, “/”, “—”, “N/A”, “待定”. */
export function saysNothing(cell: string): boolean {
  if (cell.length > LONGEST_WORD) return /^[\p{P}\p{Z}]*$/u.test(cell);
  const same = sameness(cell);
  return same === '' || NOTHING.test(same);
}

/** Whether a cell says that there is something and does not say what: “其他”, “etc.”. */
export function saysOther(cell: string): boolean {
  return cell.length <= LONGEST_WORD && OTHER.test(sameness(cell));
}

/** Whether a cell is the title of a row of totals: “合 计”, “小计（万元）”, “本页合计：”, “Total”. */
export function saysSum(cell: string): boolean {
  return cell.length <= LONGEST_WORD && SUM.test(simplified(cell).toLowerCase().replace(/\s+/g, ''));
}

/** Whether a cell begins a remark under the table or the line where people sign: “注：…”, “填报人：…”. */
export function saysRemark(cell: string): boolean {
  return REMARK.test(simplified(cell.slice(0, LONGEST_WORD)).trim());
}
