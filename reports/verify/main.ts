import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AssayError, EXIT, explain } from '../../model/errors.ts';
import { verifyFolder } from './desk.ts';

/**
 * Entry of the verifier as one file that needs nothing but Node; see `npm run verifier`. Filled in when it is built.
 */
declare const ASSAY_VERSION: string;

const USAGE = `Usage: node assay-verify.mjs FOLDER [--trust FILE] [--json] [--proof SHA256]
Checks a bundle with nothing but its files: every digest and signature, and judges it again from its evidence.
脱机校验证据包：核对全部摘要与签名，并由原始证据重新判定。

  --trust FILE    keys, authorities and guides that you trust (JSON)  您信任的密钥、时间戳机构与指南
  --json          the result as JSON  以 JSON 输出
  --proof SHA256  also prove that the record with this digest is in the signed log  另给出该记录在日志中的证明

Exit codes: 0 passed, 1 not passed, 2 not authentic, 3 cannot tell, 64 usage, 70 internal.
退出码：0 通过，1 不通过，2 不可信，3 无法判定，64 用法错误，70 内部错误。
`;

async function main(): Promise<number> {
  if (!('groupBy' in Map)) throw new AssayError('node_too_old', process.version);
  const { values, positionals } = read();
  const [folder, ...more] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (folder === undefined || more.length > 0) throw new AssayError('verifier_usage', `one folder is needed\n${USAGE}`);
  const { trust, json, proof } = values;
  const result = await verifyFolder({ folder: resolve(folder), trust, json, proof, version: ASSAY_VERSION });
  process.stdout.write(result.text);
  return result.exit;
}

function read() {
  const options = {
    trust: { type: 'string' },
    json: { type: 'boolean' },
    proof: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new AssayError('verifier_usage', `${(error as Error).message}\n${USAGE}`);
  }
}

main().then(
  (exit) => {
    process.exitCode = exit;
  },
  (error: unknown) => {
    const known = error instanceof AssayError ? error : new AssayError('internal', String((error as Error).stack));
    process.stderr.write(`${explain(known)}\n`);
    process.exitCode = error instanceof AssayError ? known.exit : EXIT.internal;
  },
);
