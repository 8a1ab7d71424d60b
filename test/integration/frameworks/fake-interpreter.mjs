// Stands in for an interpreter with PyTorch. First argument: how it behaves. Knows nothing of the answers.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [mode, target, ...rest] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (target.endsWith('discover.py')) {
  if (mode === 'mute') process.exit(0);
  if (mode === 'mute-forever') setInterval(() => {}, 1000);
  else say({ python: '3.99', prefix: '/fake', modules: { torch: '9.9' } });
} else {
  if (target !== '-u' || !rest[0].endsWith('probe_pytorch.py')) process.exit(9);
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const about = { framework: 'PyTorch', version: '9.9', build: '', backend: '', devices: ['cpu'], device: 'cpu' };
  const hang = () => new Promise(() => setInterval(() => {}, 1000));
  const weights = Buffer.alloc((32 * 64 + 64 + 64 * 8 + 8) * 4).toString('base64');
  const trained = { type: 'trained', precision: 'float32', steps: 240, seconds: 1, firstLoss: 2, lastLoss: 0.1, weights };

  if (mode === 'hang') await hang();
  if (mode === 'child') {
    // leaves a grandchild behind that holds the pipes open and has a session of its own
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'inherit' });
    writeFileSync(process.env.FAKE_PID_FILE, String(child.pid));
    process.exit(1);
  }
  if (mode === 'crash') {
    process.stderr.write('Illegal instruction in libfake.so\n');
    process.kill(process.pid, 'SIGSEGV');
    await hang();
  }
  if (mode === 'garbage') {
    process.stdout.write('Welcome!\n\u0000\u0001 noise\n{"type":"hello", oops\n');
    await hang();
  }
  if (mode === 'endless') {
    const block = 'x'.repeat(1 << 20);
    for (let i = 0; i < 8; i++) process.stdout.write(block);
    await hang();
  }
  if (mode === 'hurry') {
    say({ type: 'done', libraries: ['libtorch_cpu.so'] });
    await hang();
  }
  say({ type: 'hello', ...about, accelerated: false });
  await lines.next();
  if (mode === 'deaf') process.exit(0);
  if (mode === 'twice') say(trained);
  say(trained);
  say({ type: 'ready' });
  const request = JSON.parse((await lines.next()).value);
  if (mode === 'half') process.exit(0);
  const count = mode === 'short' ? request.samples - 1 : request.samples;
  say({ type: 'inferred', precision: 'float32', seconds: 1, labels: '0'.repeat(count) });
  say({ type: 'done', libraries: ['libtorch_cpu.so'] });
  process.exit(mode === 'late-failure' ? 1 : 0);
}
