import { describe, expect, it } from 'vitest';
import { AssayError } from '../../../../model/errors.ts';
import { renderDocuments } from '../../../../reports/build/documents.ts';
import { PATHS } from '../../../../reports/verify/layout.ts';
import { smallReport } from '../render/fixture.ts';

describe('the documents of a report', () => {
  it.each<[string, Error, RegExp]>([
    ['there is no browser', new AssayError('tool_missing', 'Chromium'), /not installed: Chromium/],
    ['the browser dies on the way', new Error('page.goto: Target crashed\nCall log:'), /^page\.goto: Target crashed$/],
  ])('are handed over without the PDF, by name, when %s', async (_, error, problem) => {
    const { files, missing } = await renderDocuments(smallReport(), '<html></html>', {
      print: () => Promise.reject(error),
    });
    expect([...files.keys()].sort()).toEqual([PATHS.goals2020, PATHS.goals2025]);
    expect(missing).toEqual([{ path: PATHS.pdf, problem: expect.stringMatching(problem) }]);
  });
});
