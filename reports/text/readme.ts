import type { Report } from '../../model/report.ts';
import { PATHS } from '../verify/layout.ts';

/** README.txt of a bundle: what is in it, and how to check the main things without this software. */
export function bundleReadme(report: Report): string {
  return `Assay 试金石
${report.number}  ${report.guide.title.zh} / ${report.guide.title.en}

本目录是一次验收测试的完整证据包。
This folder is the whole evidence of one acceptance test.

${PATHS.html}      报告，可脱机打开 / the report; opens without a network
${PATHS.report}      报告数据，其余页面均由其生成 / the report as data; all pages are made from it
${PATHS.log}  只追加日志 / append-only log: plan, attempts, signed measurements
evidence/        原始证据，文件名即 sha256 / raw evidence; a file's name is its sha256
${PATHS.evaluation}  控制器签名 / signature of the controller over the report
${PATHS.manifest}    全部文件的摘要 / digests of all files

校验 / To verify:  ./assay verify <this folder>

不用本软件也可核对 / Without this software, with openssl:

1. 文件摘要 / digest of a file, compare with ${PATHS.manifest}:
   openssl dgst -sha256 ${PATHS.report}
   openssl dgst -sm3 ${PATHS.report}

2. 控制器签名 / the controller's signature (DSSE, ECDSA P-256). The signed bytes are
   "DSSEv1 " + length of payloadType + " " + payloadType + " " + length of payload + " " + payload:
   node -e 'const e=JSON.parse(require("fs").readFileSync("${PATHS.evaluation}"));const p=Buffer.from(e.payload,"base64");process.stdout.write(Buffer.concat([Buffer.from("DSSEv1 "+e.payloadType.length+" "+e.payloadType+" "+p.length+" "),p]))' > pae.bin
   node -e 'const e=JSON.parse(require("fs").readFileSync("${PATHS.evaluation}"));process.stdout.write(Buffer.from(e.signatures[0].sig,"base64"))' > sig.der
   openssl dgst -sha256 -verify ${PATHS.controllerKey} -signature sig.der pae.bin

3. 签名所指的报告 / the report that was signed: the payload names the sha256 of ${PATHS.report}.
`;
}
