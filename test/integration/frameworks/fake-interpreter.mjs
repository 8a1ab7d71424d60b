// Stands in for an interpreter with PyTorch. First argument: how it behaves. Knows nothing of the answers.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [mode, ...words] = process.argv.slice(2);
const isolated = words.splice(0, 4).join(' ');
if (isolated !== '-I -S -B -u') process.exit(8);
if (mode === 'wrapper') {
  // passes on its standard streams and nothing else, as containers and some wrappers do
  const child = spawn(words[0] === '-c' ? '/usr/bin/python3' : 'false', ['-I', '-S', '-B', '-u', ...words], { stdio: 'inherit' });
  child.on('exit', (code) => process.exit(code ?? 1));
} else if (words[0] === '-c') {
  if (mode === 'mute') process.exit(0);
  if (mode === 'mute-forever') setInterval(() => {}, 1000);
  else {
    console.log('Welcome to this interpreter');
    console.log(JSON.stringify({ python: '3.99', prefix: '/fake', channel: true, modules: { torch: '9.9' } }));
  }
} else {
  if (!words[0].endsWith('wire.py') || words[1] !== 'probe_pytorch') process.exit(9);
  const channel = new Socket({ fd: 3, readable: true, writable: true });
  const lines = createInterface({ input: channel })[Symbol.asyncIterator]();
  const request = async () => JSON.parse((await lines.next()).value);
  const frame = (body, length = body.length) => {
    const head = Buffer.alloc(5);
    head.write('A');
    head.writeUInt32LE(length, 1);
    return Buffer.concat([head, body]);
  };
  const answer = (body) => channel.write(frame(Buffer.from(body)));
  const hang = () => new Promise(() => setInterval(() => {}, 1000));
  const about = { version: '9.9', build: '', backend: '', devices: ['cpu'], device: 'cpu', accelerated: false };

  if (mode === 'hang') await hang();
  if (mode === 'child') {
    // leaves a grandchild behind that holds the pipes open and has a session of its own
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'inherit'],
    });
    writeFileSync(process.env.FAKE_PID_FILE, String(child.pid));
    process.exit(1);
  }
  if (mode === 'crash') {
    process.stderr.write('Illegal instruction in libfake.so\n');
    process.kill(process.pid, 'SIGSEGV');
    await hang();
  }
  if (mode === 'unasked') {
    channel.write(Buffer.concat([frame(Buffer.from('{}')), frame(Buffer.from('{}'))]));
    await hang();
  }
  await request();
  if (mode === 'garbage') {
    channel.write('Welcome!\n\u0000\u0001 noise\n{"type":"hello", oops\n');
    await hang();
  }
  if (mode === 'endless') {
    channel.write(frame(Buffer.alloc(1 << 20), 0xffffffff));
    await hang();
  }
  if (mode === 'odd') {
    answer('[]');
    await hang();
  }
  console.log('noise on the standard output, which nobody reads');
  answer(JSON.stringify(about));
  if (mode === 'deaf') process.exit(0);
  for (;;) {
    const asked = await request();
    if (asked.ask === 'train') {
      const losses = Float64Array.from({ length: asked.steps }, (_, i) => 2 - i / asked.steps);
      const weights = Buffer.alloc((32 * 64 + 64 + 64 * 8 + 8) * 4);
      answer(Buffer.concat([Buffer.from(losses.buffer), weights]));
    } else if (asked.ask === 'infer') {
      if (mode === 'half') process.exit(0);
      answer(Buffer.alloc(mode === 'short' ? asked.samples - 1 : asked.samples));
    } else if (asked.ask === 'onnx') answer(JSON.stringify({ state: 'absent', detail: '' }));
    else answer(Buffer.alloc(0));
    if (asked.ask === 'end') break;
  }
  channel.end(() => process.exit(mode === 'late-failure' ? 1 : 0));
}
