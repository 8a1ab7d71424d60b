import { describe, expect, it } from 'vitest';
import { ownController } from '../../../controller/holder.ts';
import { Controller } from '../../../model/controller.ts';
import type { Claims } from '../../../model/guide.ts';
import { check } from '../../../model/schema.ts';

const claims = (customer?: string): Claims => ({
  schema: 'assay/claims/v1',
  ...(customer === undefined ? {} : { platform: { customer } }),
  targets: {},
});

describe('a controller beside its own agents', () => {
  it('is a self-test, whoever the customer says he is', () => {
    for (const customer of [undefined, '示例单位', 'independent', 'Laboratory of the evaluator']) {
      expect(ownController(claims(customer)).relation).toBe('self');
    }
  });

  it('is held by the customer of the claims, else by the operator in both languages', () => {
    expect(ownController(claims(' 示例单位 ')).holder).toBe('示例单位');
    for (const none of [undefined, claims(), claims(''), claims(' \t ')]) {
      expect(ownController(none).holder).toMatch(/^平台运营方 .*operator/);
    }
  });

  it('fits into a plan, however long the name is', () => {
    for (const name of ['x'.repeat(5000), '𠀀'.repeat(5000), `${'x'.repeat(99)}  ${'y'.repeat(99)}`]) {
      expect(check(Controller, ownController(claims(name)))).toMatchObject({ ok: true });
    }
  });
});
