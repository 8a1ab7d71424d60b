import { describe, expect, it } from 'vitest';
import {
  bareSameness,
  sameness,
  saysNothing,
  saysOther,
  saysRemark,
  saysSum,
} from '../../../../reports/registers/sameness.ts';

describe('two writings of one name', () => {
  it.each([
    ['医疗', '醫療'],
    ['医疗', '醫疗'],
    ['台湾软体', '臺灣軟體'],
    ['里面', '裡面'],
    ['为', '爲'],
    ['人工智能', '人工 智能'],
    ['人工智能', '人工\u3000智能'],
    ['人工智能', '“人工智能”'],
    ['人工智能', '人工·智能'],
    ['人工智能', '人工、智能。'],
    ['人工智能', '1、人工智能'],
    ['人工智能', '（一）人工智能'],
    ['AI', 'ａｉ'],
    ['AI平台', 'Ai 平台'],
    ['甲（北京）有限公司', '甲(北京)有限公司'],
  ])('%s and %s are the same', (one, other) => {
    expect(sameness(one)).toBe(sameness(other));
    expect(sameness(one)).not.toBe('');
  });

  it.each([
    ['C', 'C++'],
    ['C', 'C#'],
    ['医疗', '医药'],
    ['5G', '6G'],
    ['甲（北京）有限公司', '甲（深圳）有限公司'],
    ['一汽', '二汽'],
  ])('%s and %s are two', (one, other) => {
    expect(sameness(one)).not.toBe(sameness(other));
  });

  it('are the same in context and out of it: what a character becomes does not hang on its neighbours', () => {
    for (const character of '乾後裏着麼蘋臺') {
      expect(sameness(`甲${character}乙`)).toBe(`甲${sameness(character)}乙`);
    }
  });

  it('may differ in a branch that stands behind in brackets', () => {
    expect(bareSameness('甲公司（分部）')).toBe(bareSameness('甲公司'));
    expect(bareSameness('甲（北京）有限公司')).not.toBe(bareSameness('甲（深圳）有限公司'));
  });
});

describe('a cell', () => {
  it.each([
    '无',
    '無',
    ' 无 ',
    '/',
    '—',
    '——',
    '－',
    '-',
    'N/A',
    'n.a.',
    'NA',
    '待定',
    '暂无',
    '（以下空白）',
    'NULL',
    'none',
    '。',
    '…',
  ])('%j says that there is nothing', (text) => {
    expect(saysNothing(text)).toBe(true);
  });

  it.each(['其他', '其它', '其他。', 'Other', 'etc.', '等', '0', 'XXX', '7'])(
    '%j does not say what there is',
    (text) => {
      expect(saysOther(text)).toBe(true);
    },
  );

  it.each([
    '合计',
    '合 计',
    '合計',
    '总计：',
    '小计（万元）',
    '本页合计',
    '共 12 家',
    '共三个领域',
    'Total',
    'TOTAL: 12',
    'Sub total',
    'sum',
  ])('%j is the title of totals', (text) => {
    expect(saysSum(text)).toBe(true);
  });

  it.each(['注：单位为万元', '填报人：张三', '填表日期: 2021-01-05', '單位負責人：李四', '审核人（签字）：'])(
    '%j is a remark or a signature',
    (text) => {
      expect(saysRemark(text)).toBe(true);
    },
  );

  it.each([
    '无人机',
    '共享出行',
    '360',
    '无锡某公司',
    '其他软件开发',
    '合计算力科技',
    '总计划',
    'Sumitomo',
    'Totalenergies',
    '注册中心',
    '日期管理工具',
    'NAS',
    '5G',
    'C++',
  ])('%j is a name', (text) => {
    expect([saysNothing, saysOther, saysSum, saysRemark].map((says) => says(text))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
