import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildIdOf } from '../../../../agent/environment/build-id.ts';
import { FileDigests, fileState } from '../../../../agent/environment/files.ts';
import { mappedCode } from '../../../../agent/environment/maps.ts';
import { searchPath } from '../../../../agent/environment/search-path.ts';
import { relevantArguments, relevantVariables } from '../../../../agent/environment/variables.ts';
import { EnvironmentWatch } from '../../../../agent/environment/watch.ts';
import { sha256Hex } from '../../../../evidence/digest.ts';
import { Environment } from '../../../../model/environment.ts';
import { check } from '../../../../model/schema.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-environment-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that lives until its input ends, once it has said that it is there. */
async function living(argv: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = '.'): Promise<ChildProcess> {
  const child = spawn(argv[0]!, argv.slice(1), { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe', cwd });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}
const NODE = [process.execPath, '-e', 'console.log(1); process.stdin.resume()'];

describe('code that a process has mapped', () => {
  it('is each file that may be executed, once, also one that is gone or never was', () => {
    const maps = `55d0-55d1 r--p 00000000 08:01 11                         /usr/bin/true
55d1-55d2 r-xp 00001000 08:01 11                         /usr/bin/true
55d4-55d5 r-xp 00004000 08:01 11                         /usr/bin/true
7f00-7f01 r-xp 00000000 08:01 12                         /opt/a b/lib (deleted)
7f02-7f03 rwxp 00000000 00:00 0
7f04-7f05 r-xs 00000000 00:01 13                         /memfd:code (deleted)
7f06-7f07 r--p 00000000 08:01 14                         /usr/share/data.bin
7f08-7f09 r-xp 00000000 00:00 0                          [vdso]
7f0a-7f0b r-xp 00000000 08:01 15                         /tmp/new\\012line.so
`;
    expect(mappedCode(maps)).toEqual([
      { path: '/usr/bin/true', deleted: false, memory: false },
      { path: '/opt/a b/lib', deleted: true, memory: false },
      { path: '/memfd:code', deleted: true, memory: true },
      { path: '/tmp/new\nline.so', deleted: false, memory: false },
    ]);
  });
});

describe('variables and words of a process', () => {
  it('are kept where they can change a measurement, and masked where they look like a secret', () => {
    const environ = [
      'LD_PRELOAD=/x.so',
      'NODE_OPTIONS=--import ./x.mjs',
      'OMP_NUM_THREADS=3',
      'PYTHONPATH=/p=q',
      'ASSAY_ONEDNN=/x',
      'PATH=/bin',
      'TMPDIR=/t',
      'CUDA_VISIBLE_DEVICES=0',
      'NVIDIA_API_KEY=abc',
      'NODE_AUTH_TOKEN=abc',
      'HOME=/root',
      'DATABASE_PASSWORD=abc',
      'MALFORMED',
    ].join('\0');
    expect(relevantVariables(environ)).toEqual({
      LD_PRELOAD: '/x.so',
      NODE_OPTIONS: '--import ./x.mjs',
      OMP_NUM_THREADS: '3',
      PYTHONPATH: '/p=q',
      ASSAY_ONEDNN: '/x',
      PATH: '/bin',
      TMPDIR: '/t',
      CUDA_VISIBLE_DEVICES: '0',
      NVIDIA_API_KEY: '***',
      NODE_AUTH_TOKEN: '***',
    });
    expect(relevantArguments(['tool', '--api-token=abc', '--password', 'abc', '-v', 'x'.repeat(9000)])).toEqual([
      'tool',
      '--api-token=***',
      '--password',
      '***',
      '-v',
      'x'.repeat(4096),
    ]);
  });
});

describe('digests of files', () => {
  it('are those of the bytes, with the build id that the linker wrote', async () => {
    const digests = new FileDigests();
    const facts = await digests.read(process.execPath, fileState(process.execPath));
    const bytes = readFileSync(process.execPath);
    expect(facts).toEqual({ sha256: sha256Hex(bytes), bytes: bytes.byteLength, buildId: expect.any(String) });
    const { stdout, status } = spawnSync('readelf', ['-n', process.execPath], { encoding: 'utf8' });
    if (status === 0) expect(stdout).toContain(`Build ID: ${(facts as { buildId: string }).buildId}`);
  });

  it('say that a file is another one since it was seen, or cannot be read', async () => {
    const digests = new FileDigests();
    const path = join(folder, 'a.so');
    writeFileSync(path, 'one');
    const seen = fileState(path);
    expect(await digests.read(path, seen)).toEqual({ sha256: sha256Hex(Buffer.from('one')), bytes: 3 });
    appendFileSync(path, 'more');
    expect(await digests.read(path, seen)).toBe('changed');
    rmSync(path);
    expect(await digests.read(path, seen)).toBe('changed');
    expect(await digests.read(path, fileState(path))).toBe('unreadable');
  });

  it('give no build id of what is no ELF file, or a damaged one', async () => {
    for (const [at, bytes] of [
      Buffer.from('text'),
      Buffer.concat([Buffer.from('\x7fELF\x02\x01'), Buffer.alloc(200, 0xff)]),
      readFileSync('/bin/sh').subarray(0, 80),
    ].entries()) {
      const path = join(folder, `${at}`);
      writeFileSync(path, bytes);
      const file = await open(path);
      expect(await buildIdOf(file)).toBeUndefined();
      await file.close();
    }
  });
});

describe('the watch over the processes of an attempt', () => {
  it('sees the runner, its children and theirs, with all that they have loaded, their words and variables', async () => {
    const nested = `
      const { spawn } = require('node:child_process');
      const child = spawn('sleep', ['1000'], { env: { LD_LIBRARY_PATH: '/nowhere' } });
      child.once('spawn', () => console.log(1));
      process.stdin.resume().once('end', () => { child.kill(); process.exit(); });
    `;
    const runner = await living([process.execPath, '-e', nested], { OMP_NUM_THREADS: '2' });
    const watch = new EnvironmentWatch();
    watch.root(runner.pid!, 'runner');
    runner.stdin!.end();
    await once(runner, 'exit');
    const environment = await watch.finish(new FileDigests(), []);
    expect(check(Environment, environment).ok).toBe(true);
    const own = environment.processes.find(({ role }) => role === 'runner')!;
    expect(own.argv.slice(0, 2)).toEqual([process.execPath, '-e']);
    expect(own.variables).toMatchObject({ OMP_NUM_THREADS: '2' });
    const objects = own.objects.map((position) => environment.objects[position]!);
    const node = objects.find(({ path }) => path === process.execPath);
    expect(node?.sha256).toBe(sha256Hex(readFileSync(process.execPath)));
    expect(objects.some(({ path }) => /\/libc\.so\.6$/.test(path))).toBe(true);
    const child = environment.processes.find(({ argv }) => argv[0] === 'sleep')!;
    expect(child).toMatchObject({ role: 'child', argv: ['sleep', '1000'], variables: { LD_LIBRARY_PATH: '/nowhere' } });
    expect(child.objects.length).toBeGreaterThan(0);
    const tool = environment.tools.find(({ argv }) => argv[0] === 'sleep');
    expect(tool).toEqual({
      path: expect.stringMatching(/\/(sleep|busybox|coreutils)$/),
      argv: ['sleep', '1000'],
      sha256: expect.any(String),
    });
  });

  it('sees a library that was put before all others, and what lies where LD_LIBRARY_PATH says', async () => {
    const { stdout } = spawnSync('ldd', ['/bin/sh'], { encoding: 'utf8' });
    const libc = /=> (\/\S*libc\.so\.6)/.exec(stdout)?.[1];
    expect(libc).toBeDefined();
    mkdirSync(join(folder, 'lib'));
    copyFileSync(libc!, join(folder, 'lib/libc.so.6'));
    const runner = await living(['/bin/sh', '-c', 'echo 1; read x; exit'], { LD_LIBRARY_PATH: join(folder, 'lib') });
    const watch = new EnvironmentWatch();
    watch.root(runner.pid!, 'runner');
    const environment = await watch.finish(new FileDigests(), []);
    expect(environment.objects.filter(({ searched }) => searched)).toEqual([
      expect.objectContaining({ path: join(folder, 'lib/libc.so.6'), sha256: sha256Hex(readFileSync(libc!)) }),
    ]);
  });

  it('sees what LD_LIBRARY_PATH finds by a relative directory, by an empty one and by a link', async () => {
    const { stdout } = spawnSync('ldd', ['/bin/sh'], { encoding: 'utf8' });
    const libc = /=> (\/\S*libc\.so\.6)/.exec(stdout)![1]!;
    for (const name of ['elsewhere', 'lib']) mkdirSync(join(folder, name));
    copyFileSync(libc, join(folder, 'elsewhere/libc-other.so'));
    symlinkSync(join(folder, 'elsewhere/libc-other.so'), join(folder, 'lib/libc.so.6'));
    for (const [value, cwd] of [
      ['lib', folder],
      ['/nowhere:', join(folder, 'lib')],
      [join(folder, 'lib'), '/'],
    ] as const) {
      const runner = await living(['/bin/sh', '-c', 'echo 1; read x; exit'], { LD_LIBRARY_PATH: value }, cwd);
      const watch = new EnvironmentWatch();
      watch.root(runner.pid!, 'runner');
      const environment = await watch.finish(new FileDigests(), []);
      const found = environment.objects.filter(({ searched }) => searched).map(({ path }) => path);
      expect([value, found]).toEqual([value, [join(folder, 'elsewhere/libc-other.so')]]);
    }
    // What lies deeper is not looked for.
    const deep = searchPath('/nowhere:', folder);
    expect(deep(join(folder, 'node_modules/x/libonnxruntime.so.1'))).toBe(false);
    expect(deep(join(folder, 'glibc-hwcaps/x86-64-v3/libc.so.6'))).toBe(true);
  });

  it('says that a library was gone, or another one, when it was to be digested', async () => {
    const program = join(folder, 'program');
    copyFileSync('/bin/sh', program);
    const runner = await living([program, '-c', 'echo 1; read x; exit']);
    rmSync(program);
    const watch = new EnvironmentWatch();
    watch.root(runner.pid!, 'runner');
    const gone = await watch.finish(new FileDigests(), []);
    expect(gone.objects.find(({ path }) => path === program)).toEqual({ path: program, problem: 'deleted' });

    copyFileSync('/bin/sh', program);
    const second = await living([program, '-c', 'echo 1; read x; exit']);
    const again = new EnvironmentWatch();
    again.root(second.pid!, 'runner');
    rmSync(program);
    writeFileSync(program, 'another');
    const changed = await again.finish(new FileDigests(), []);
    expect(changed.objects.find(({ path }) => path === program)).toEqual({ path: program, problem: 'changed' });
  });

  it('keeps a tool that ended at once, and names a process that measured and was never looked at', async () => {
    const watch = new EnvironmentWatch();
    const gone = 1_000_000_002; // More than the kernel gives.
    for (const [argv, livedS] of [
      [['true', '--token=abc'], 0.01],
      [['engine', '--password', 'abc'], 3],
    ] as const) {
      watch.take({ type: 'process', pid: gone, path: argv[0], argv: [...argv] });
      watch.take({ type: 'process_ended', pid: gone, livedS });
    }
    const environment = await watch.finish(new FileDigests(), []);
    expect(environment.tools[0]).toEqual({
      path: expect.stringMatching(/^\/.*\/true$/),
      argv: ['true', '--token=***'],
      sha256: expect.any(String),
    });
    expect(environment.processes).toEqual([
      { role: 'child', argv: ['engine', '--password', '***'], count: 1, objects: [], variables: {}, unseen: true },
    ]);
  });

  it('names the runner, the service and a child that goes on, where they were never looked at', async () => {
    const watch = new EnvironmentWatch();
    const gone = 1_000_000_002; // More than the kernel gives.
    watch.root(gone, 'runner');
    watch.root(gone + 1_000_000_000, 'service');
    watch.take({ type: 'process', pid: gone + 1_000_000_001, path: '/opt/engine', argv: ['engine'] });
    const environment = await watch.finish(new FileDigests(), []);
    expect(environment.processes.map(({ role, unseen }) => [role, unseen])).toEqual([
      ['runner', true],
      ['service', true],
      ['child', true],
    ]);
  });

  it('counts processes that were alike as one', async () => {
    const watch = new EnvironmentWatch();
    const started = await Promise.all([living(NODE), living(NODE)]);
    for (const { pid } of started) watch.root(pid!, 'service');
    const environment = await watch.finish(new FileDigests(), []);
    expect(environment.processes).toHaveLength(1);
    expect(environment.processes[0]!.count).toBe(2);
  });
});
