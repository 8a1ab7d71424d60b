import {
  AlignmentType,
  BorderStyle,
  Document,
  Footer,
  Header,
  type ITableCellOptions,
  Packer,
  PageNumber,
  PageOrientation,
  Paragraph,
  Table,
  TableCell,
  TableLayoutType,
  TableRow,
  TextRun,
  VerticalAlignTable,
  WidthType,
} from 'docx';
import type { Report } from '../../model/report.ts';
import { LABELS } from '../text/catalog.ts';
import { china, utc } from '../text/moment.ts';
import { overallOf, overallText, reportTitle } from '../text/partial.ts';
import { holdsFor, KIND, unknownGuide } from '../text/standing.ts';
import { visible } from '../text/visible.ts';

/** Width between the margins of an A4 page lying on its side, in twentieths of a point. */
export const TABLE_WIDTH = 14_600;
const FONT = { ascii: 'Times New Roman', hAnsi: 'Times New Roman', cs: 'Times New Roman', eastAsia: '宋体' };
const LINE = { style: BorderStyle.SINGLE, size: 4, color: '000000' };

/** One cell: its text, lines apart by a line break; how many columns and rows it covers. */
export interface Cell {
  readonly text: string;
  readonly bold?: boolean;
  readonly centre?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Left for the applicant to fill in. */
  readonly open?: boolean;
  readonly small?: boolean;
}

/**
 * A table of cells; `widths` in twentieths of a point, adding up to the page's width. The first `heads` rows repeat on
 * every page.
 */
export function grid(widths: readonly number[], rows: readonly (readonly Cell[])[], heads: number): Table {
  return new Table({
    width: { size: TABLE_WIDTH, type: WidthType.DXA },
    columnWidths: [...widths],
    layout: TableLayoutType.FIXED,
    rows: rows.map(
      (cells, i) =>
        new TableRow({
          cantSplit: true,
          tableHeader: i < heads,
          children: place(cells, widths).map((c) => tableCell(c, i < heads)),
        }),
    ),
  });
}

interface PlacedCell extends Cell {
  readonly width: number;
}

/**
 * Widths of cells in a row that may cover several columns. Rows under a cell of several rows say which columns they
 * fill by order.
 */
function place(cells: readonly Cell[], widths: readonly number[]): PlacedCell[] {
  // cells are right-aligned in the grid: what a taller cell to the left covers is left out of the row
  let column = widths.length - cells.reduce((sum, cell) => sum + (cell.columns ?? 1), 0);
  return cells.map((cell) => {
    const span = cell.columns ?? 1;
    const width = widths.slice(column, column + span).reduce((sum, w) => sum + w, 0);
    column += span;
    return { ...cell, width };
  });
}

function tableCell(cell: PlacedCell, head: boolean): TableCell {
  const options: ITableCellOptions = {
    width: { size: cell.width, type: WidthType.DXA },
    verticalAlign: VerticalAlignTable.CENTER,
    margins: { top: 50, bottom: 50, left: 80, right: 80 },
    borders: { top: LINE, bottom: LINE, left: LINE, right: LINE },
    ...(cell.columns !== undefined && { columnSpan: cell.columns }),
    ...(cell.rows !== undefined && { rowSpan: cell.rows }),
    ...(head && { shading: { fill: 'EDEFF1' } }),
    ...(cell.open && { shading: { fill: 'FFF7DC' } }),
    children: cell.text
      .split('\n')
      .map((line) =>
        paragraph(line, { bold: cell.bold || head, centre: cell.centre || head, size: cell.small ? 15 : 19 }),
      ),
  };
  return new TableCell(options);
}

interface Look {
  readonly bold?: boolean;
  readonly centre?: boolean;
  /** In half points. */
  readonly size?: number;
}

/** A paragraph of plain text; characters that hide or reverse others are written out. */
export function paragraph(text: string, look: Look = {}): Paragraph {
  return new Paragraph({
    alignment: look.centre ? AlignmentType.CENTER : AlignmentType.LEFT,
    spacing: { before: 0, after: 0, line: 264 },
    children: [
      new TextRun({ text: unbroken(visible(text)), font: FONT, size: look.size ?? 20, bold: look.bold ?? false }),
    ],
  });
}

/** A unit stays on one line: its hyphen is one at which word processors do not break. */
const unbroken = (text: string): string => text.replace(/(?<=\p{Ll})-(?=ops\b)/gu, '\u2011');

/** An A4 document on its side with the report's number above and page x of y below, as bytes of a .docx file. */
export async function pack(report: Report, title: string, body: readonly (Paragraph | Table)[]): Promise<Uint8Array> {
  const run = (children: (string | (typeof PageNumber)[keyof typeof PageNumber])[]): TextRun =>
    new TextRun({ children, font: FONT, size: 17 });
  const kind = report.controller.relation === 'self' ? `${KIND.self.zh} ${KIND.self.en}    ` : '';
  const partial = report.overall.partial ? `${visible(overallText(overallOf(report)).zh)}    ` : '';
  const mark = `${report.synthetic ? `${LABELS.synthetic.zh} SYNTHETIC DATA    ` : ''}${kind}${partial}`;
  const document = new Document({
    title,
    creator: `${report.software.name} ${report.software.version}`,
    styles: { default: { document: { run: { font: FONT, size: 20 } } } },
    sections: [
      {
        properties: {
          page: {
            size: { width: 11_906, height: 16_838, orientation: PageOrientation.LANDSCAPE },
            margin: { top: 1300, bottom: 1000, left: 1119, right: 1119, header: 600, footer: 500 },
          },
        },
        headers: {
          default: new Header({
            children: [
              new Paragraph({
                alignment: AlignmentType.RIGHT,
                children: [run([`${mark}${LABELS.number.zh} ${LABELS.number.en} ${visible(report.number)}`])],
              }),
            ],
          }),
        },
        footers: {
          default: new Footer({
            children: [
              new Paragraph({
                alignment: AlignmentType.CENTER,
                children: [run(['第 ', PageNumber.CURRENT, ' 页 共 ', PageNumber.TOTAL_PAGES, ' 页'])],
              }),
            ],
          }),
        },
        children: [...body],
      },
    ],
  });
  return new Uint8Array(await Packer.toBuffer(document));
}

/** The closing lines of a form: where the numbers are from and how to check them. */
export function provenance(report: Report): Paragraph[] {
  return [
    `实测值、判定与证据摘要取自${reportTitle(report).zh} ${report.number}（${report.guide.title.zh} ${report.guide.version}，评估时间 ${utc(report.judgedAt)} / ${china(report.judgedAt)}）。`,
    `测量日志根：${report.log.root}。以 ./assay verify 核对证据包后，方可据此填报。`,
    holdsFor(report.controller).zh,
    ...(report.guide.known ? [] : [unknownGuide(report.guide).zh]),
    '浅黄底色的单元格由申报单位填写；“无法判定”“未测”等均不等于达标。',
  ].map((text) => paragraph(text, { size: 17 }));
}
