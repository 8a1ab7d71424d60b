import type { Text } from '../../model/text.ts';

/** How the numbers came about, paragraph by paragraph. */
export const METHOD: readonly { readonly heading: Text; readonly body: Text }[] = [
  {
    heading: { zh: '先看有效性，再看是否达标', en: 'Validity first, the requirement second' },
    body: {
      zh: '每次测量先判断是否有效：时长、样本数、结果正确性、压测工具是否饱和、时钟是否可信。无效的测量不会成为“通过”；缺失、跳过、崩溃、超时或无法解析的测量也不会。',
      en: 'Each measurement is first examined for validity: long enough, enough samples, right results, load generator not saturated, sound clock. One that is not valid is never a pass, and neither is a missing, skipped, crashed, timed-out or unreadable one.',
    },
  },
  {
    heading: { zh: '计时与校验用同一批数据', en: 'The numbers and their proof come from one run' },
    body: {
      zh: '吞吐率只有在被计时的那批输出经校验正确时才计入。输入由测量开始时下发的随机数生成，不使用零或常数。',
      en: 'A throughput counts only if the very outputs that were timed are verified. Inputs derive from random bytes issued when the work starts; they are never zeros or constants.',
    },
  },
  {
    heading: { zh: '估计值与不确定度', en: 'Estimates and uncertainty' },
    body: {
      zh: '速率取各不重叠时间窗的中位数，链式挑战的速率为全部运算次数除以控制器计时，时延取百分位数。不确定度由分批均值的离散得到，并以学生 t 因子放宽，给出包含因子 k = 2 的扩展不确定度 U。同一对象重复测量时取最差的一次，其极差的一半计入重复性。多台设备相加时方差相加。所有数值只计实测的节点，不向未测节点外推，因此没有抽样分量。计数没有不确定度。显示时 U 取两位有效数字，数值修约到同一位（JCGM 100:2008）。',
      en: 'A rate is the median over windows that do not overlap, that of the chained challenge all operations divided by the controller’s time, a latency a percentile. The uncertainty comes from the spread of batch means, widened by Student’s factor, and is given as expanded uncertainty U at k = 2. Of repeats of one thing the worst counts, and half their range is part of the repeatability. Only nodes that were measured count, nothing is extrapolated to others, so there is no part for sampling. Sums over devices add variances. Counts have none. U is shown with two significant digits and the value to the same place (JCGM 100:2008).',
    },
  },
  {
    heading: { zh: '判定规则', en: 'Decision rules' },
    body: {
      zh: '保护带判定：x − U ≥ 限值为通过，x + U < 限值为未通过，其余为无法判定；简单判定：x ≥ 限值为通过。对“不超过”的要求方向相反。每项指标所用规则列于其明细中（ISO/IEC 17025:2017 第 7.8.6 条，ILAC-G8:09/2019，JCGM 106:2012）。',
      en: 'Guarded: x − U ≥ limit is a pass, x + U < limit a fail, anything else indeterminate. Simple: x ≥ limit is a pass. For “at most” the other way round. Each target’s rule stands in its details (ISO/IEC 17025:2017 clause 7.8.6, ILAC-G8:09/2019, JCGM 106:2012).',
    },
  },
  {
    heading: { zh: '证据是否充分', en: 'Sufficiency' },
    body: {
      zh: '每项指标规定最短时长、最少样本、参测节点比例、重复次数与证据等级。不满足时，“通过”改为“无法判定”；明显的“未通过”仍为未通过。',
      en: 'Each target names its least duration, samples, share of nodes, repeats and evidence level. Where these are not met a pass becomes indeterminate; a clear fail stays a fail.',
    },
  },
  {
    heading: { zh: '单位', en: 'Units' },
    body: {
      zh: '采用十进制国际单位（1 PB = 10^15 字节），二进制单位仅并列显示。时间为 UTC（Z），并列中国时间（+08:00）。',
      en: 'Decimal SI units (1 PB = 10^15 bytes), binary ones only beside them. Times are UTC (Z), with the time of China (+08:00) beside them.',
    },
  },
];

/** What a reader can do to check the report without trusting anyone. */
export const VERIFY_STEPS: readonly Text[] = [
  {
    zh: '取得完整的证据包（含本页的目录），不要只凭本页或其打印件下结论。',
    en: 'Get the whole bundle (the folder that this page is in); do not rely on this page or a print of it alone.',
  },
  {
    zh: '在一台可以断网的电脑上运行：./assay verify 证据包目录 --trust 信任文件。信任文件由核验人自备，列出其认可的公钥；不加 --trust 只能说明证据包前后一致，不能说明由谁签署。',
    en: 'On a machine that may be cut off from any network, run: ./assay verify FOLDER --trust FILE. The trust file is your own and lists the keys that you accept; without it the check shows that the bundle is consistent, not who signed it.',
  },
  {
    zh: '该命令核对每个文件的摘要，从原始证据重新计算并重新判定，再逐字节比对 report.json 与本页。',
    en: 'It checks the digest of every file, computes and judges again from the raw evidence, and compares report.json and this page byte for byte.',
  },
  {
    zh: '退出码：0 真实且通过，且控制器密钥在您的信任文件中；1 真实但未通过；2 不真实（有文件缺失、多出或被改动）；3 无法判断。',
    en: 'Exit codes: 0 authentic and passed, with the controller’s key in your trust file; 1 authentic and not passed; 2 not authentic (a file is missing, added or altered); 3 cannot tell.',
  },
  {
    zh: '核对第 1 页的日志根与您另行取得的日志根一致。',
    en: 'Compare the log root on page 1 with the one that you got by another way.',
  },
];

/** What the proofs leave open. */
export const LIMITS: readonly Text[] = [
  {
    zh: '只有链式算力挑战（compute.challenge）的数值可以达到 E2，且控制器密钥须由独立于被测方的一方持有：下发挑战的人知道将抽查什么，自己测自己时一切数值都可以编造，因此自测中最高为 E1。在独立检测中，输入由控制器当场下发的随机数生成，控制器用自己的时钟计时，并抽取部分结果自行重算。其他测试项的抽查只说明有人按序、及时地给出了相符的答案；程序、密钥和压测工具都在被测节点上，因此它们的数值最高为 E1。',
    en: 'Only the chained compute challenge (compute.challenge) can reach E2, and only where a party other than the one under test holds the controller’s key: whoever issues the challenges knows what will be checked and could make everything up, so nothing in a self-test is above E1. In an independent run its inputs derive from random bytes that the controller issues on the spot, the controller times it with its own clock and recomputes a part of the results itself. In the other benchmarks the checks show that somebody gave fitting answers in order and in time; program, keys and load generator are on the node under test, so their numbers are E1 at most.',
  },
  {
    zh: '等级 E1 的数值由被测节点上的程序测得：控制节点的人有能力伪造。等级 E0 的数值来自运营方提供的登记表，仅校验格式、校验码与重复。',
    en: 'Numbers of level E1 were measured by a program on the node: whoever controls the node could forge them. Numbers of level E0 come from registers that the operator supplied; only form, check characters and repetition were checked.',
  },
  {
    zh: '测量所用的库、工具与变量由节点代理读取并签名：诚实的代理会暴露预加载与替换，不诚实的代理可以隐瞒。容器中运行的程序只能看到其客户端。',
    en: 'The agent of the node read and signed the libraries, tools and variables. An honest agent shows what was preloaded or replaced; a dishonest one can hide it. Of a program in a container only the client is seen.',
  },
  {
    zh: '链式挑战用小整数，使结果可以逐位核对；标为浮点精度的挑战因此可能由其他运算单元作答。它与同一设备浮点矩阵乘法速率之比列于“算力与推理”一章：挑战明显偏快的通常不计入判定，其余偏离须由人查看。挑战只抽查一部分结果，漏掉少量工作而未被发现的概率列于该次测量的检查明细。',
    en: 'The chained challenge uses small integers, so that results can be checked bit for bit; one that is labelled with a floating-point precision may therefore be answered by other units. Its ratio to the rate of plain products on the same device stands in the chapter on compute and inference: a challenge that is much faster is held back as a rule, and a person should look where the two part otherwise. Only a part of the results is recomputed: how likely it is that work left out was seen stands beside the checks of each measurement.',
  },
  {
    zh: '证明不了设备就是其自称的型号：网络上别处更快的设备也能给出正确答案。设备清单、型号、序列号与厂商均为节点自报；控制器计时把往返时间算在内，但不能排除这种情况。',
    en: 'That a device is the model it says it is: a faster one elsewhere on a network could give the right answers too. Inventory, models, serial numbers and vendors are the node’s own word; the controller’s timing includes the way there and back, which does not rule this out.',
  },
  {
    zh: '链式挑战的时间窗由控制器记录，多个设备或节点的数值只有在同一时间窗内测得才相加，重叠不足的不计入；各节点同时工作的时间列于“算力与推理”一章。其他测试项多个节点的数值相加时，各节点的测量不一定同时进行，同一台设备先后为两个节点作答只能靠比对设备标识发现。',
    en: 'The controller records when challenges ran: rates of several devices or nodes are added only where they were measured in one window, and what overlaps too little does not count; how long all nodes worked at once stands in the chapter on compute and inference. In the other benchmarks the measurements of several nodes need not have run at once, and a device that answers for two nodes one after the other is found by comparing device identities only.',
  },
  {
    zh: '框架的软件包在被测进程内运行：代理从进程外读取其实际加载的引擎文件，与已发布构建的清单（附日期）比对，并核对该引擎专有的运算；这不能排除引擎虽已加载、答案却由同一进程内的其他代码算出。',
    en: 'The packages of a framework run in the process that is examined. The agent reads from outside which engine is really loaded, compares it with a dated list of published builds and checks operations that are the engine’s own; that other code in the same process gave the answers beside a loaded engine is not ruled out.',
  },
  {
    zh: '矩阵乘法的速度不等于任意业务的速度；它说明算力上限，不说明某个模型的训练时间。',
    en: 'The rate of matrix products is not the rate of any workload: it shows what the hardware can do, not how long a certain model takes to train.',
  },
  {
    zh: '并发用户和数据资源由程序模拟。未指定服务地址时，被测的是本软件自带的推理服务，说明的是硬件与网络的能力，而不是平台自有业务系统的能力；所测对象列于该次测量的设置。',
    en: 'Users and data resources are simulated by a program. Where no address of a service was given, the inference service that comes with this software was tested: that shows what the hardware and the network can do, not what the platform’s own services can. What was tested stands in the settings of the measurement.',
  },
  {
    zh: '存储容量中只有“已证实字节”经过写满与读回，其余为文件系统自报；精简配置的存储可能报出并不存在的容量。',
    en: 'Of the storage capacity only the proven bytes were filled and read back; the rest is what file systems say of themselves, and thin storage can state bytes that it does not have.',
  },
  {
    zh: '不确定度包含同一次检测内的重复性与时钟误差；不同日期、固件、环境之间的差异以及未识别的系统误差不在其中。',
    en: 'The uncertainty holds repeatability within this test and the error of clocks; differences between days, firmware and surroundings, and systematic errors that nobody knows of, are not in it.',
  },
  {
    zh: '结果只说明检测期间的状态，不保证此后保持不变。',
    en: 'Results speak of the time of the test only; they do not promise that the platform stays as it was.',
  },
  {
    zh: '签名说明谁认可了这些文件，不说明其内容正确；内容是否正确由重新计算来检验。',
    en: 'Signatures show who stands behind the files, not that they are right; that is what recomputing is for.',
  },
];
