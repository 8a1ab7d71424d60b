import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AssayError } from '../../../model/errors.ts';
import type { LibraryAdvice, Report } from '../../../model/report.ts';
import { goalTable2020 } from '../../../reports/forms/goal-table-2020.ts';
import { goalTable2025 } from '../../../reports/forms/goal-table-2025.ts';
import { renderComparison } from '../../../reports/render/comparison.ts';
import { renderHtml } from '../../../reports/render/html.ts';
import { startPrinter } from '../../../reports/render/printer.ts';
import { smallReport, unknownGuideReport } from '../../unit/reports/render/fixture.ts';
import { fleetReport } from '../../unit/reports/render/fleet-fixture.ts';

function found(...names: string[]): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(existsSync);
}

const CHROMIUM = found('chromium', 'chromium-browser', 'google-chrome');
const PDFTOTEXT = found('pdftotext');
const PDFFONTS = found('pdffonts');
const SOFFICE = found('soffice', 'libreoffice');
const ROOT = process.getuid?.() === 0;
const LONG =
  '某某市人工智能产业发展与算力基础设施建设运营管理有限责任公司 Municipal Artificial Intelligence Infrastructure Co., Ltd.';

const folder = mkdtempSync(join(tmpdir(), 'assay-render-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function kept(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const MISSING_LIBRARY: LibraryAdvice = {
  code: 'library_missing',
  library: 'oneDNN',
  precision: 'INT8',
  used: 'ONNX Runtime',
  target: 'avx512_vnni',
  nodes: ['node-1'],
  gain: 1.5,
  usual: { with: 0.84, without: 0.54, source: 'measured on one processor', measuredAt: '2026-11-30' },
  reached: 0.5,
  detail: '',
  install: { zh: '安装：apt-get install libdnnl2', en: 'install it: apt-get install libdnnl2' },
};

function longNames(report: Report): Report {
  return { ...report, platform: { ...report.platform, name: LONG, customer: LONG, address: LONG, location: LONG } };
}

describe.skipIf(!CHROMIUM)(`pages in Chromium${CHROMIUM ? '' : ' (skipped: chromium is not installed)'}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM!,
      args: ['--disable-gpu', ...(ROOT ? ['--no-sandbox'] : [])],
    });
  });
  afterAll(() => browser?.close());

  async function open(html: string, scripts: boolean): Promise<{ page: Page; requests: string[]; messages: string[] }> {
    const context = await browser.newContext({ javaScriptEnabled: scripts, bypassCSP: scripts });
    const page = await context.newPage();
    const requests: string[] = [];
    const messages: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => messages.push(message.text()));
    await page.goto(`file://${kept('page.html', html)}`);
    return { page, requests, messages };
  }

  it.each([
    ['report of one machine', () => renderHtml(smallReport())],
    ['report of a fleet', () => renderHtml(fleetReport(40, 2))],
    ['comparison', () => renderComparison(fleetReport(4, 2), fleetReport(5, 2), { before: true, after: true })],
  ])('meets WCAG A and AA: %s', async (_, render) => {
    const { page } = await open(render(), true);
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await page.evaluate(readFileSync(axe, 'utf8'));
    const result = (await page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })`,
    )) as { violations: { id: string; nodes: { html: string }[] }[]; passes: { id: string }[] };
    expect(result.violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
    expect(result.passes.map((p) => p.id)).toContain('color-contrast');
    await page.context().close();
  });

  it('finds contrast that is too low, so that the check above can fail', async () => {
    const { page } = await open(renderHtml(smallReport()).replaceAll('--soft:#4a4f55', '--soft:#b9bcc0'), true);
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const result = (await page.evaluate(`axe.run(document, { runOnly: ['color-contrast'] })`)) as {
      violations: { id: string }[];
    };
    expect(result.violations.map((v) => v.id)).toEqual(['color-contrast']);
    await page.context().close();
  });

  it('asks for nothing but the page, breaks no policy of its own, and works with scripts off', async () => {
    const { page, requests, messages } = await open(renderHtml(smallReport()), false);
    expect(requests).toHaveLength(1);
    expect(messages).toEqual([]);
    const tiles = page.locator('.tiles li');
    expect(await tiles.count()).toBe(8);
    // styled by the one sheet that the policy allows: eight tiles stand side by side
    const [first, last] = [await tiles.first().boundingBox(), await tiles.last().boundingBox()];
    expect(last!.y).toBe(first!.y);
    expect(last!.x).toBeGreaterThan(first!.x);
    await page.context().close();
  });

  it('does not apply a style that was slipped in, since the policy names the digest of its own', async () => {
    const html = renderHtml(smallReport()).replace('</head>', '<style>.verdict{display:none}</style></head>');
    const { page } = await open(html, false);
    expect(await page.locator('.verdict').isVisible()).toBe(true);
    await page.context().close();
  });

  it('does not scroll sideways on a narrow screen but inside its tables', async () => {
    const { page } = await open(renderHtml(longNames(smallReport())), true);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await page.context().close();
  });
});

describe.skipIf(!CHROMIUM || !PDFTOTEXT || !PDFFONTS)(
  `the PDF${CHROMIUM && PDFTOTEXT && PDFFONTS ? '' : ' (skipped: chromium or poppler-utils is not installed)'}`,
  () => {
    const printer = startPrinter({ root: ROOT });
    afterAll(() => printer.close());
    const print = (report: Report): Promise<Uint8Array> =>
      printer.print(renderHtml(report), {
        number: report.number,
        synthetic: report.synthetic,
        relation: report.controller.relation,
        at: report.judgedAt,
      });
    const text = (path: string, page: number): string =>
      execFileSync(PDFTOTEXT!, ['-f', String(page), '-l', String(page), '-layout', path, '-'], { encoding: 'utf8' });

    it('has page 1 whole, from title to sign-off, even with long names, and numbers its pages', async () => {
      const path = kept('long.pdf', await print(longNames(smallReport())));
      const first = text(path, 1);
      expect(first).toContain('算力平台验收报告');
      expect(first).toContain('批准');
      expect(first).toMatch(/第 1 页 共 \d+ 页 · Page 1 of \d+/);
      expect(first).toContain('AT-2026-000123');
      expect(text(path, 2)).toContain('逐项结果');
    });

    it('of a self-test by an unknown guide has page 1 whole too, and says what it is on every page and in its title', async () => {
      const path = kept('self.pdf', await print(longNames(unknownGuideReport())));
      const first = text(path, 1);
      expect(first).toContain('算力平台自测报告');
      expect(first).toContain('guide not known');
      expect(first).toContain('批准');
      expect(text(path, 2)).toContain('逐项结果');
      const all = execFileSync(PDFTOTEXT!, [path, '-'], { encoding: 'utf8' });
      expect(all).not.toMatch(/验收(测试)?报告/);
      expect(text(path, 3)).toContain('自测 self-test');
      const info = execFileSync(PDFTOTEXT!.replace('pdftotext', 'pdfinfo'), [path], { encoding: 'utf8' });
      expect(info).toMatch(/Title:\s+算力平台自测报告/);
    });

    it('has page 1 whole where the machine was busy, a library is missing and only some targets were asked for', async () => {
      const report = smallReport();
      const busy = { code: 'background_load', detail: 'x', weight: 'informs' } as const;
      const asked = report.verdicts.slice(0, 3).map(({ target }) => target);
      const path = kept(
        'busy.pdf',
        await print({
          ...report,
          profile: 'quick',
          controller: { ...report.controller, relation: 'self', holder: '平台运营方 the operator of the platform' },
          attempts: report.attempts.map((one) => ({ ...one, findings: [...one.findings, busy] })),
          libraries: [MISSING_LIBRARY],
          overall: { ...report.overall, partial: { asked, of: report.verdicts.length } },
        }),
      );
      expect(text(path, 1)).toContain('机器繁忙');
      expect(text(path, 1)).toContain('批准');
      expect(text(path, 2)).toContain('逐项结果');
    });

    it('is A4, tagged, with every font embedded', async () => {
      const path = kept('small.pdf', await print(smallReport()));
      const info = execFileSync(PDFTOTEXT!.replace('pdftotext', 'pdfinfo'), [path], { encoding: 'utf8' });
      expect(info).toContain('(A4)');
      expect(info).toMatch(/Tagged:\s+yes/);
      expect(info).toMatch(/JavaScript:\s+no/);
      const fonts = execFileSync(PDFFONTS!, [path], { encoding: 'utf8' }).trim().split('\n').slice(2);
      expect(fonts.length).toBeGreaterThan(0);
      for (const font of fonts) expect(font).toMatch(/\s(yes)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$/);
    });

    it('has the same bytes when it is printed again', async () => {
      const report = fleetReport(12, 2);
      const [one, two] = [await print(report), await print(report)];
      expect(Buffer.compare(one, two)).toBe(0);
      expect(text(kept('fleet.pdf', one), 3)).toContain('SYNTHETIC DATA');
    });

    it('is given up where the browser takes longer than it may', async () => {
      const hasty = startPrinter({ root: ROOT, mostS: 0.001 });
      const facts = { number: 'x', synthetic: false, relation: 'independent' as const, at: '2026-01-01T00:00:00Z' };
      await expect(hasty.print('<p>', facts)).rejects.toThrow('printed nothing in 0.001 s');
      await hasty.close();
    });

    it('is refused with a coded error where no Chromium starts', async () => {
      const none = startPrinter({ chromium: '/nonexistent/chromium', root: ROOT });
      const facts = { number: 'x', synthetic: false, relation: 'independent' as const, at: '2026-01-01T00:00:00Z' };
      const error = await none.print('<p>', facts).catch((e: unknown) => e);
      await none.close();
      expect(error).toBeInstanceOf(AssayError);
      expect(error).toMatchObject({ code: 'tool_missing' });
    });
  },
);

describe.skipIf(!SOFFICE || !PDFTOTEXT)(
  `the goal tables${SOFFICE && PDFTOTEXT ? '' : ' (skipped: libreoffice or poppler-utils is not installed)'}`,
  () => {
    it.each([
      ['2020', goalTable2020, '效益指标'],
      ['2025', goalTable2025, '定性指标'],
    ] as const)(
      'of %s open in a word processor with their values',
      async (year, table, heading) => {
        const path = kept(`${year}.docx`, await table(smallReport()));
        const profile = `-env:UserInstallation=file://${join(folder, 'office')}`;
        execFileSync(SOFFICE!, [profile, '--headless', '--convert-to', 'pdf', '--outdir', folder, path], {
          stdio: 'ignore',
          timeout: 120_000,
        });
        const text = execFileSync(PDFTOTEXT!, ['-layout', join(folder, `${year}.pdf`), '-'], { encoding: 'utf8' });
        expect(text).toContain('项目绩效目标表');
        expect(text).toContain(heading);
        expect(text).toMatch(/Peta[-\u2010\u2011]ops/);
        expect(text).toContain('未通过');
      },
      120_000,
    );
  },
);
