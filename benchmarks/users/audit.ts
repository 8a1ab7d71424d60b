import { createHash } from 'node:crypto';

/** Digest that stands for one answered task in the tree of answers. */
export function answerLeaf(user: number, sequence: number, answer: Uint8Array): Uint8Array {
  return createHash('sha256').update('answer/').update(numbers(user, sequence)).update(answer).digest();
}

/** Digest that stands for a task that got no right answer. */
export function failureLeaf(user: number, sequence: number): Uint8Array {
  return createHash('sha256').update('failure/').update(numbers(user, sequence)).digest();
}

/**
 * Which of `size` leaves are opened: `count` indexes drawn from a beacon that was issued after the root was committed.
 * An index may come twice; all leaves come if there are no more than `count`.
 */
export function picks(beacon: string, size: number, count: number): number[] {
  if (size <= count) return Array.from({ length: size }, (_, index) => index);
  const drawn: number[] = [];
  for (let block = 0; drawn.length < count; block++) {
    const digest = createHash('sha256')
      .update('audit/')
      .update(Buffer.from(beacon, 'hex'))
      .update(numbers(block, 0))
      .digest();
    // 48 bits a draw: the bias of the remainder is below 2^-16 even for four thousand million leaves.
    for (let at = 0; at + 6 <= 30 && drawn.length < count; at += 6) drawn.push(digest.readUIntLE(at, 6) % size);
  }
  return drawn;
}

function numbers(a: number, b: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(a, 0);
  bytes.writeUInt32LE(b, 4);
  return bytes;
}
