import { clean } from './output.ts';

/** How the devices of a vendor are named in its matrix, and which cells are its own links. */
export interface MatrixForm {
  /** Beginning of a device's name, as a pattern: `GPU` for `GPU0`. */
  readonly prefix: string;
  /** A cell that is a direct link of the vendor's; others are ways over PCIe or between sockets. */
  readonly link: RegExp;
  /** Beginning of the inventory's ids. */
  readonly id: string;
}

/**
 * Peers by device number, from the matrix that `nvidia-smi topo -m` prints and other vendors' tools have taken over: a
 * heading of device names, then a row a device. Each peer is its id with the cell as printed (`nvidia-1 NV18`). Columns
 * behind the devices (network cards, affinities) are not read; a text without such a heading has no peers.
 */
export function parseMatrix(text: string, { prefix, link, id }: MatrixForm): string[][] {
  const name = new RegExp(`^${prefix}(\\d+)$`);
  const peers: string[][] = [];
  let columns: number[] = [];
  for (const line of clean(text).split('\n')) {
    const cells = line.trim().split(/\s+/);
    const numbers = cells.map((cell) => name.exec(cell)?.[1]);
    if (numbers[0] !== undefined && numbers[1] !== undefined) {
      const end = numbers.indexOf(undefined);
      columns = numbers.slice(0, end < 0 ? undefined : end).map(Number);
      continue;
    }
    if (numbers[0] === undefined || columns.length === 0) continue;
    // A heading of one device looks like the row of one: it has no cells.
    peers[Number(numbers[0])] = columns.flatMap((column, i) => {
      const cell = cells[i + 1] ?? '';
      return link.test(cell) ? [`${id}-${column} ${cell}`] : [];
    });
  }
  return peers;
}
