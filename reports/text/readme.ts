import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { PATHS } from '../verify/layout.ts';
import { holdsFor, TITLE, unknownGuide } from './standing.ts';
import { oneLine } from './visible.ts';

/**
 * README.txt of a bundle: what is in it, and how to check the main things with openssl and a POSIX shell alone. Lines
 * that begin with four blanks are commands; a test runs them as they stand.
 */
export function bundleReadme(report: Report): string {
  const { controller, guide } = report;
  const holds = lines(holdsFor(controller));
  const unknown = lines(unknownGuide(guide));
  return `Assay 试金石
${report.number}  ${report.guide.title.zh} / ${report.guide.title.en}

${TITLE[controller.relation].zh} / ${TITLE[controller.relation].en}
${holds.zh}
${holds.en}
${guide.known ? '' : `\n${unknown.zh}\n${unknown.en}\n`}
本目录是一次检测的完整证据包。请勿在此目录内增删文件。
This folder is the whole evidence of one run. Do not add or remove files in it.

${PATHS.html}      报告，可脱机打开 / the report; opens without a network
${PATHS.report}      报告数据，其余页面均由其生成 / the report as data; all pages are made from it
${PATHS.log}  只追加日志：计划、尝试、签名的测量 / append-only log: plan, attempts, signed measurements
evidence/        原始证据，文件名即 sha256 / raw evidence; a file's name is its sha256
${PATHS.evaluation}  控制器对报告及各页面、文档的签名 / signature of the controller over the report, its pages and documents
release/         审核人与批准人的签名（如有）/ signatures of reviewer and approver, where there are any
addenda/         事后加盖的时间戳与国密签名（如有）/ time stamps and SM2 signatures added later, where there are any
${PATHS.manifest}    全部文件的摘要 / digests of all files

完整校验（十步，含重新判定）/ The whole check, ten steps, judged again:

  ./assay verify <this folder> --trust <your trust file>
  node assay-verify.mjs <this folder> --trust <your trust file>

不用本软件，只用 openssl 也可核对主要步骤。在本目录中依次运行以下命令：
The main steps can be done with openssl alone. Run these commands in this folder, one after the other:

    T=$(mktemp -d)

1. 文件与清单一致 / the files are those of the manifest

    { cat ${PATHS.manifest}; echo; } | sed 's/{"bytes"/\\n&/g' | sed -n 's/.*"path":"\\([^"]*\\)","sha256":"\\([0-9a-f]*\\)".*/\\2  \\1/p' > $T/list
    sed 's/^.\\{66\\}//' $T/list | tr '\\n' '\\0' | xargs -0 openssl dgst -sha256 -r | sed 's/ \\*/  /' | diff - $T/list

2. 控制器的签名（DSSE，ECDSA P-256）/ the controller's signature (DSSE, ECDSA P-256)
   dsse 文件 公钥：取出被签内容并验签 / dsse FILE KEY: takes out what was signed and checks the signature

    field() { sed 's/.*"'$1'":"\\([^"]*\\)".*/\\1/'; }
    dsse() { field payload < "$1" | openssl base64 -d -A -out $T/payload; field sig < "$1" | openssl base64 -d -A -out $T/sig; { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' $(wc -c < $T/payload); cat $T/payload; } > $T/pae; openssl dgst -sha256 -verify "$2" -signature $T/sig $T/pae; }
    dsse ${PATHS.evaluation} ${PATHS.controllerKey}

   公钥是否可信，请与另行取得的公钥比对 / compare the key with a copy that you got in another way:

    openssl pkey -pubin -in ${PATHS.controllerKey} -outform DER | openssl dgst -sha256

3. 被签的正是本报告（sha256 与 SM3）/ what was signed is this report (sha256 and SM3)

    grep -q '"sha256":"'$(openssl dgst -sha256 -r ${PATHS.report} | cut -c1-64)'"' $T/payload
    grep -q '"sm3":"'$(openssl dgst -sm3 -r ${PATHS.report} | cut -c1-64)'"' $T/payload

4. 日志的签名（C2SP 检查点）/ the signature over the log (C2SP checkpoint)

    sed '/^$/,$d' ${PATHS.checkpoint} > $T/note
    sed -n 's/^— [^ ]* //p' ${PATHS.checkpoint} | openssl base64 -d -A | tail -c +5 > $T/note.sig
    openssl dgst -sha256 -verify ${PATHS.controllerKey} -signature $T/note.sig $T/note

5. 一条测量的签名（此处为第一条）/ the signature of a measurement (here of the first one), by its node's key

    grep -m 1 '"kind":"measurement"' ${PATHS.log} > $T/entry || echo "no measurement"
    node=$(sed 's/.*"kind":"measurement","node":"\\([^"]*\\)".*/\\1/' $T/entry)
    printf '%b' "$(grep '"kind":"node","node":"'"$node"'"' ${PATHS.log} | field publicKey)" > $T/node.pem
    test ! -s $T/entry || dsse $T/entry $T/node.pem

6. 审核与批准的签名（如有）/ signatures of reviewer and approver, where there are any

    for role in reviewer approver; do test ! -f release/$role.dsse.json || { field payload < release/$role.dsse.json | openssl base64 -d -A > $T/release; printf '%b' "$(field publicKey < $T/release)" > $T/$role.pem; dsse release/$role.dsse.json $T/$role.pem && grep -q '"sha256":"'$(openssl dgst -sha256 -r ${PATHS.manifest} | cut -c1-64)'"' $T/release || exit 1; }; done

7. 时间戳与国密签名（如有；CA 为您信任的时间戳机构证书）
   Time stamps and SM2 signatures, where there are any; CA is the certificate of an authority that you trust

    for file in addenda/*.json; do test -f $file || continue; of=$(field path < $file); if grep -q '"schema":"assay/stamp/v1"' $file; then field response < $file | openssl base64 -d -A > $T/stamp; openssl ts -verify -in $T/stamp -data "$of" -CAfile "\${CA:?}" || exit 1; else field signature < $file | openssl base64 -d -A > $T/sm2; printf '%b' "$(field publicKey < $file)" > $T/sm2.pem; openssl dgst -sm3 -verify $T/sm2.pem -signature $T/sm2 -sigopt distid:1234567812345678 "$of" || exit 1; fi; done

    rm -r $T

这些命令不重新判定；判定是否成立，请用完整校验。
These commands do not judge again; whether the judgement holds, the whole check tells.
`;
}

/** Names in it come from a claims file: each language stays one line, which no command begins. */
const lines = ({ zh, en }: Text): Text => ({ zh: oneLine(zh), en: oneLine(en) });
