import si from 'systeminformation';

/**
 * Helper process: prints the host's facts as `systeminformation` reads them, one JSON object. Each question has its own
 * time limit, so that one that hangs (a dead NFS mount, a broken disk) costs its own answer only. Accelerators are not
 * asked here: `systeminformation.graphics()` knows too few of them.
 */
const QUESTIONS: Record<string, () => Promise<unknown>> = {
  cpu: () => si.cpu(),
  system: () => si.system(),
  bios: () => si.bios(),
  baseboard: () => si.baseboard(),
  osInfo: () => si.osInfo(),
  mem: () => si.mem(),
  memLayout: () => si.memLayout(),
  diskLayout: () => si.diskLayout(),
  blockDevices: () => si.blockDevices(),
  fsSize: () => si.fsSize(),
  networkInterfaces: () => si.networkInterfaces(),
};
const QUESTION_MS = 8_000;

const answers: Record<string, unknown> = {};
const failures: Record<string, string> = {};
await Promise.all(
  Object.entries(QUESTIONS).map(async ([name, ask]) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer after ${QUESTION_MS} ms`)), QUESTION_MS);
    });
    try {
      answers[name] = await Promise.race([ask(), late]);
    } catch (error) {
      failures[name] = error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
  }),
);
// The exit waits for the write: process.exit() alone cuts what the pipe has not taken yet.
process.stdout.write(JSON.stringify({ ok: true, value: { ...answers, failures } }), () => process.exit(0));
