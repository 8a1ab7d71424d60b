import { OUTCOME_TEXT, type Outcome } from '../../model/outcome.ts';
import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { whole } from './quantity.ts';

/** Sentences with numbers or names in them. Both languages get the same ones. */
export const SENTENCES = {
  mandatoryCounts: (mandatory: number, counts: readonly (readonly [Outcome, number])[]): Text => ({
    zh: `必选指标 ${whole(mandatory)} 项：${counts.map(([o, n]) => `${whole(n)} 项${OUTCOME_TEXT[o].zh}`).join('、')}。`,
    en: `${whole(mandatory)} mandatory targets: ${counts.map(([o, n]) => `${whole(n)} ${OUTCOME_TEXT[o].en.toLowerCase()}`).join(', ')}.`,
  }),
  askedCounts: (asked: number, counts: readonly (readonly [Outcome, number])[]): Text => ({
    zh: `所选指标 ${whole(asked)} 项：${counts.map(([o, n]) => `${whole(n)} 项${OUTCOME_TEXT[o].zh}`).join('、')}。`,
    en: `${whole(asked)} asked for: ${counts.map(([o, n]) => `${whole(n)} ${OUTCOME_TEXT[o].en.toLowerCase()}`).join(', ')}.`,
  }),
  anyAskedNotPass: (section: number): Text => ({
    zh: `处理办法见第 ${section} 章。`,
    en: `Section ${section} says what to do.`,
  }),
  anyNotPass: (section: number): Text => ({
    zh: `任一必选指标不是“通过”，整体即不能通过；处理办法见第 ${section} 章。`,
    en: `Any mandatory target that is not a pass keeps the whole from passing; section ${section} says what to do.`,
  }),
  size: ({ nodes, accelerators, confirmedAccelerators }: Report['platform']): Text => {
    const machines = { zh: `${whole(nodes)} 节点`, en: `${whole(nodes)} ${nodes === 1 ? 'node' : 'nodes'}` };
    if (accelerators === 0) return { zh: `${machines.zh} / 无加速卡`, en: `${machines.en} / no accelerator` };
    return {
      zh: `${machines.zh} / 加速卡：上报 ${whole(accelerators)}，已确认 ${whole(confirmedAccelerators)}`,
      en: `${machines.en} / accelerators: ${whole(confirmedAccelerators)} confirmed of ${whole(accelerators)} reported`,
    };
  },
  logEntries: (entries: number): Text => ({
    zh: `${whole(entries)} 条`,
    en: `${whole(entries)} ${entries === 1 ? 'entry' : 'entries'}`,
  }),
  signaturesWhere: (section: number): Text => ({
    zh: `见证据包，核对方法见第 ${section} 章`,
    en: `in the bundle; section ${section} says how to check them`,
  }),
  moreDecisive: (n: number, chapter: number): Text => ({
    zh: `其余 ${whole(n)} 项必选指标见第 ${chapter} 章。`,
    en: `${whole(n)} more mandatory ${n === 1 ? 'target' : 'targets'} in section ${chapter}.`,
  }),
  nOfM: (n: number, m: number): Text => ({
    zh: `${whole(n)} / ${whole(m)} 个节点`,
    en: `${whole(n)} of ${whole(m)} nodes`,
  }),
  allMeasured: (nodes: number): Text =>
    nodes === 1
      ? { zh: '唯一的节点已测量，没有抽样分量', en: 'the only node was measured: no sampling part' }
      : {
          zh: `全部 ${whole(nodes)} 个节点均已测量，没有抽样分量`,
          en: `all ${whole(nodes)} nodes were measured: no sampling part`,
        },
  more: (n: number): Text => ({
    zh: `另有 ${whole(n)} 项，见 report.json`,
    en: `and ${whole(n)} more in report.json`,
  }),
  matrixIntro: (nodes: number): Text => ({
    zh: `每格为一个节点，按节点名排序，共 ${whole(nodes)} 个。颜色与记号表示该节点的数值相对全部节点中位数的高低，不代表判定结果。`,
    en: `Every cell is a node, in order of name, ${whole(nodes)} in all. Shade and mark say how its value stands to the median of all nodes; they are no verdict.`,
  }),
  matrixTitle: (metric: string): Text => ({
    zh: `节点矩阵：${metric}`,
    en: `node matrix: ${metric}`,
  }),
  bulletTitle: (n: number): Text => ({
    zh: `${whole(n)} 项必选指标的实测值占要求的百分比`,
    en: `${whole(n)} mandatory targets, measured as a share of what is required`,
  }),
  ecdfTitle: (metric: string, n: number): Text => ({
    zh: `${metric} 的经验分布，${whole(n)} 个数值`,
    en: `empirical distribution of ${metric}, ${whole(n)} values`,
  }),
  timelineTitle: (what: Text, node: string, benchmark: string): Text => ({
    zh: `${what.zh}：节点 ${node}，${benchmark}`,
    en: `${what.en}: node ${node}, ${benchmark}`,
  }),
  timelineChoice: (shown: number, all: number): Text => ({
    zh: `共有 ${whole(all)} 条遥测记录，此处绘出 ${whole(shown)} 条：先取有异常的与未完成的，再按测试项各取一条；其余见 log/entries.jsonl 中已签名的测量记录。`,
    en: `${whole(shown)} of ${whole(all)} recordings are drawn: first those with findings or that did not complete, then one of each benchmark; the rest is in the signed measurements of log/entries.jsonl.`,
  }),
  readings: (n: number): Text => ({ zh: `${whole(n)} 次读数`, en: n === 1 ? '1 reading' : `${whole(n)} readings` }),
  nodesChanged: (changed: number, all: number): Text => ({
    zh: `共比较 ${whole(all)} 个节点，其中 ${whole(changed)} 个有变化。`,
    en: `${whole(all)} nodes compared, ${whole(changed)} of them changed.`,
  }),
  nodesFolded: (nodes: number): Text => ({
    zh: `共 ${whole(nodes)} 个节点，点开查看每个节点的设备与测量（测试项、状态、用时、证据摘要前 12 位）。`,
    en: `${whole(nodes)} nodes; open one to see its devices and measurements (benchmark, state, time taken, first 12 digits of the evidence’s digest).`,
  }),
  nodes: (n: number): Text => ({ zh: `${whole(n)} 个节点`, en: n === 1 ? '1 node' : `${whole(n)} nodes` }),
  devices: (n: number): Text => ({ zh: `${whole(n)} 个设备`, en: n === 1 ? '1 device' : `${whole(n)} devices` }),
  measurements: (n: number): Text => ({
    zh: `${whole(n)} 次测量`,
    en: n === 1 ? '1 measurement' : `${whole(n)} measurements`,
  }),
  notCompleted: (n: number): Text => ({ zh: `${whole(n)} 次未完成`, en: `${whole(n)} not completed` }),
  attemptsFolded: (n: number, chapter: number): Text => ({
    zh: `共 ${whole(n)} 次测量；节点较多，明细按节点收在第 ${chapter} 章，此处按测试项汇总。`,
    en: `${whole(n)} measurements. As the nodes are many, each stands under its node in section ${chapter}; here they are summed up by benchmark.`,
  }),
  busy: ({ busy, all }: { readonly busy: number; readonly all: number }): Text => ({
    zh: `机器繁忙：${whole(all)} 次测量中有 ${whole(busy)} 次进行时其他任务占用了处理器，速率可能低于平台实际能力。`,
    en: `The machine was busy: in ${whole(busy)} of ${whole(all)} measurements other work took part of the processor, and rates may be below what the platform can do.`,
  }),
  waivedBy: (by: string, until: string): Text => ({
    zh: `由 ${by} 批准，有效期至 ${until}；豁免不改变判定`,
    en: `approved by ${by}, expires ${until}; a waiver does not change the outcome`,
  }),
} as const;
