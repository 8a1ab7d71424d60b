import { describe, expect, it } from 'vitest';
import { device } from '../../../../agent/inventory/device.ts';
import { documentsIn, jsonIn } from '../../../../agent/inventory/documents.ts';
import { healthOf, NO } from '../../../../agent/inventory/health.ts';
import { bytes, isAbsent, pairOf, watts } from '../../../../agent/inventory/quantity.ts';
import { isIdentity, isName } from '../../../../agent/inventory/value.ts';

describe('whether a text is a value', () => {
  it.each([
    ...['N/A', 'n/a', 'NA', 'N.A.', '[N/A]', '[Not Supported]', '[Unknown Error]', '[Insufficient Permissions]'],
    ...[
      '[Some Token of 2027]',
      '<OUT OF SPEC>',
      '<unknown>',
      'Unknown',
      'Unknown Error',
      'Not Available',
      'None',
      'null',
    ],
    ...[
      'Not Supported',
      'Not Specified',
      'Not Applicable',
      'Insufficient Permissions',
      '-',
      '--',
      '',
      '  ',
      '…'.slice(1),
    ],
    ...['GPU is lost', 'Requested functionality has been deprecated', 'ERR!', 'Ｎ／Ａ'],
  ])('%j is none in any field', (text) => {
    expect(isAbsent(text)).toBe(true);
    expect([isIdentity(text), isName(text)]).toEqual([false, false]);
  });

  it.each(['0', 'OK', 'No', 'NAVI', 'Nanjing', 'unknownX1', 'Enabled', '[0] soc', '(400Mhz)', '5', 'Off'])(
    '%j is one',
    (text) => {
      expect(isAbsent(text)).toBe(false);
    },
  );

  it.each([
    ...[
      '0',
      '00000000',
      '0x0',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff',
      '0xFFFFFFFFFFFFFFFF',
      'FF:FF:FF:FF',
    ],
    ...[
      'GPU-00000000-0000-0000-0000-000000000000',
      'Default string',
      'To be filled by O.E.M.',
      'To Be Filled By O.E.M',
    ],
    ...['System Serial Number', 'Chassis Serial Number', 'Base Board Serial Number', 'Empty', 'NO DIMM', '0123456789'],
    ...['No Module Installed', 'SerNum0', 'xxxx', 'Other'],
  ])('%j identifies nothing', (text) => {
    expect(isIdentity(text)).toBe(false);
  });

  it.each([
    '0xec3746909a719d67',
    '1650583077636',
    '02K15K64PX00041',
    'TPX00000',
    '0000957671593',
    'GPU-b200b200-0000-0000-0000-000000000000',
  ])('%j identifies something', (text) => {
    expect(isIdentity(text)).toBe(true);
  });

  it.each(['0x1002', '0x73df', '1002:73df', 'Device 73df', 'Device 1d22:3684', 'xxx', 'Empty', '0'])(
    '%j names no chip',
    (text) => {
      expect(isName(text)).toBe(false);
    },
  );

  it.each(['910B3', '310', 'A100', 'BI-V150S', 'MTT S4000', 'AMD Instinct MI300X OAM', 'Ascend910', 'S60'])(
    '%j names one',
    (text) => {
      expect(isName(text)).toBe(true);
    },
  );

  it('a device takes of each field what it is for', () => {
    const made = device({ id: 'x-0', kind: 'package', vendor: 'amd' }, 'tool', {
      chip: '0x1002',
      serial: '0',
      uuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
      firmware: '0x00000000',
      pciId: '00de:0000',
      pciAddress: '00000000:00:00.0',
      health: '[Unknown Error]',
      eccUncorrected: 0,
      utilization: 0,
    });
    expect(Object.keys(made)).toEqual(['id', 'kind', 'vendor', 'eccUncorrected', 'utilization']);
  });

  it('of a pair, a number without a unit is in the unit of the other', () => {
    expect(pairOf('826/65536 MiB').map((text) => bytes(text))).toEqual([826 * 2 ** 20, 2 ** 36]);
    expect(pairOf('53202/ 65536').map((text) => bytes(text, 'MB'))).toEqual([53202 * 2 ** 20, 2 ** 36]);
    expect(pairOf('97W / NA').map(watts)).toEqual([97, undefined]);
    expect(pairOf('N/A / 450W').map(watts)).toEqual([undefined, 450]);
    expect(pairOf('71W')).toEqual(['', '']);
  });
});

describe('JSON between other lines', () => {
  const card = '{"gpu": 0, "note": "a } and a [ in a text"}';

  it.each([
    [
      'before it',
      `[WARN] no access to {/dev/kfd}\n[2026-11-30 10:00:00] retry [1]\nnot found: ['render', 'video']\n${card}\n`,
    ],
    ['on its line', `WARNING: slow answer ${card}`],
    ['behind it', `${card}\nFinished {ok}\n[done]\n`],
    ['around it', `Note: {5}\n${card}\n{`],
  ])('with words %s', (_, text) => {
    expect(jsonIn(text)).toEqual(JSON.parse(card));
  });

  it('a list, an empty list, several values, and NaN', () => {
    expect(jsonIn(`notice\n[${card}, ${card}]`)).toHaveLength(2);
    expect(documentsIn('WARNING\n[]\n')).toEqual([[]]);
    expect(documentsIn(`${card}\n{"gpu": 1}\n`)).toHaveLength(2);
    expect(jsonIn('{"power": NaN, "limit": -Infinity, "text": "NaN"}')).toEqual({
      power: null,
      limit: null,
      text: 'NaN',
    });
    expect(jsonIn(`{"level": "warning"}\n{"gpu_data": [${card}]}`, (one) => 'gpu_data' in (one as object))).toEqual({
      gpu_data: [JSON.parse(card)],
    });
  });

  it('what was cut off is no answer, and neither is a part of it', () => {
    const whole = `{"gpu_data": [${card}, ${card}, ${card}]}`;
    for (let end = 1; end < whole.length; end++) expect(documentsIn(whole.slice(0, end))).toEqual([]);
  });

  it.each(['{', '[', '{"', '[{"a":[', '{"a": "', '[1, ', '{} x '])('%j again and again is soon read', (text) => {
    const count = documentsIn(text.repeat((1 << 18) / text.length)).length;
    expect(count).toBe(text === '{} x ' ? Math.floor((1 << 18) / text.length) : 0);
  });
});

describe('health', () => {
  const question = (answer: string | undefined) => ({ answer, well: NO, fault: 'a fault' });

  it('needs an answer: none, or one that says there is none, is not well', () => {
    for (const answer of [undefined, '', 'N/A', '[N/A]', '[Unknown Error]', 'GPU is lost', 'Not Supported']) {
      expect(healthOf([question(answer)])).toBeUndefined();
    }
    expect(healthOf([question('N/A'), question('No')])).toBe('OK');
  });

  it('names every fault once, and takes an answer that nobody knows for one', () => {
    expect(healthOf([question('No'), question('Yes'), question('Maybe')])).toBe('a fault');
    expect(healthOf([{ ...question('No'), onlyFault: true }])).toBeUndefined();
    expect(healthOf([question('No')], 2)).toBe('uncorrected memory errors: 2');
  });
});
