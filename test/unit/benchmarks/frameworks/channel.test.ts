import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Broken, Channel, Gone } from '../../../../benchmarks/frameworks/channel.ts';

function open() {
  const [ours, theirs] = duplexPair();
  return { channel: new Channel(ours), theirs };
}

function frame(kind: string, body: Uint8Array, length = body.length): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32LE(length, 1);
  return Buffer.concat([head, body]);
}

const infer = { ask: 'infer', precision: 'float32', inputsFile: '/x', samples: 4 } as const;
const four = Buffer.from([1, 2, 3, 4]);

describe('a channel', () => {
  it('asks by a line and gives the content of the frame, however it is cut', async () => {
    const { channel, theirs } = open();
    const asked = new Promise<string>((resolve) => theirs.once('data', (bytes) => resolve(String(bytes))));
    const answer = channel.ask(infer);
    expect(JSON.parse(await asked)).toEqual(infer);
    expect(channel.asked).toBe('infer float32');
    for (const byte of frame('A', four)) theirs.write(Buffer.of(byte));
    expect(await answer).toEqual({ ok: true, body: four });
    expect(channel.asked).toBe('');
  });

  it('tells a refusal from an answer', async () => {
    const { channel, theirs } = open();
    const answer = channel.ask(infer);
    theirs.write(frame('R', Buffer.from('no memory')));
    expect(await answer).toEqual({ ok: false, why: 'no memory' });
  });

  it.each<[string, Buffer]>([
    ['too few bytes', frame('A', four.subarray(1))],
    ['too many bytes', frame('A', Buffer.alloc(5))],
    ['a frame of four gigabytes', frame('A', four, 0xffffffff)],
    ['a refusal without end', frame('R', four, 1_000_000)],
    ['no frame', Buffer.from('{"type":"hello"}\n')],
    ['more than the frame', Buffer.concat([frame('A', four), Buffer.of(1)])],
  ])('is broken by %s, for ever', async (_, bytes) => {
    const { channel, theirs } = open();
    const answer = channel.ask(infer);
    theirs.write(bytes);
    await expect(answer).rejects.toBeInstanceOf(Broken);
    await expect(channel.ask(infer)).rejects.toBeInstanceOf(Broken);
  });

  it('is broken by what comes unasked, before and between requests', async () => {
    const early = open();
    early.theirs.write(frame('A', four));
    const between = open();
    const first = between.channel.ask(infer);
    between.theirs.write(frame('A', four));
    await first;
    between.theirs.write(frame('A', four));
    for (const { channel } of [early, between]) {
      await expect
        .poll(() => channel.ask({ ask: 'end' }).catch((error: unknown) => error instanceof Broken))
        .toBe(true);
    }
  });

  it('tells that the other side has gone', async () => {
    const { channel, theirs } = open();
    const answer = channel.ask(infer);
    theirs.end();
    await expect(answer).rejects.toBeInstanceOf(Gone);
    await expect(channel.ask(infer)).rejects.toBeInstanceOf(Gone);
  });
});
