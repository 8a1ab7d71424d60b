import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSeries, Slots } from '../../../../benchmarks/users/slots.ts';

const events = fc.array(
  fc.record({ wait: fc.double({ min: 0, max: 40, noNaN: true }), by: fc.constantFrom(-1, 1, 2) }),
  {
    maxLength: 60,
  },
);

describe('slots', () => {
  it('keep the least, the most and the mean of a count in every slot, as a look at every moment shows', () => {
    fc.assert(
      fc.property(events, (list) => {
        const slots = new Slots(10);
        const course: { from: number; value: number }[] = [{ from: 0, value: 0 }];
        let at = 0;
        for (const { wait, by } of list) {
          at += wait;
          slots.change(at, by);
          course.push({ from: at, value: course.at(-1)!.value + by });
        }
        const end = Math.ceil(at / 10) + 2;
        const { min, max, mean } = slots.series(0, end);
        for (let slot = 0; slot < end; slot++) {
          // The value on entering the slot counts, and every change within it.
          const entering = course.filter((step) => step.from < slot * 10).at(-1)?.value ?? 0;
          const within = course.filter((step) => step.from >= slot * 10 && step.from < slot * 10 + 10);
          const values = [entering, ...within.map((step) => step.value)];
          expect(min[slot]).toBe(Math.min(...values));
          expect(max[slot]).toBe(Math.max(...values));
          let area = 0;
          let value = entering;
          let from = slot * 10;
          for (const step of within) {
            area += value * (step.from - from);
            value = step.value;
            from = step.from;
          }
          area += value * (slot * 10 + 10 - from);
          expect(mean[slot]).toBeCloseTo(area / 10, 2);
        }
      }),
    );
  });

  it('count answers in the slot they came in', () => {
    const slots = new Slots(100);
    slots.answered(50);
    slots.answered(99.9, 3);
    slots.answered(310);
    expect(slots.series(0, 5).done).toEqual([4, 0, 0, 1, 0]);
  });

  it('never show the sum of two generators above what was in flight at one moment', () => {
    fc.assert(
      fc.property(events, events, (one, two) => {
        const joint = new Slots(10);
        const parts = [one, two].map((list) => {
          let at = 0;
          return list.map(({ wait, by }) => {
            at += wait;
            return { at, by };
          });
        });
        const separate = parts.map((list) => {
          const slots = new Slots(10);
          for (const { at, by } of list) slots.change(at, by);
          return slots.series(0, 300);
        });
        for (const { at, by } of parts.flat().sort((a, b) => a.at - b.at)) joint.change(at, by);
        const truth = joint.series(0, 300);
        const sum = addSeries(separate);
        expect(sum.min.every((least, slot) => least <= truth.min[slot]!)).toBe(true);
        expect(sum.max.every((most, slot) => most >= truth.max[slot]!)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
