import './benchmarks/closed-site.ts';
import { Command } from 'commander';
import { registerAccept } from './commands/accept.ts';
import { registerAgent } from './commands/agent.ts';
import { registerDoctor } from './commands/doctor.ts';
import { fail } from './commands/failure.ts';
import { registerInventory } from './commands/inventory.ts';
import { registerKeygen } from './commands/keygen.ts';
import { registerPlan } from './commands/plan.ts';
import { registerReport } from './commands/report.ts';
import { registerSign } from './commands/sign.ts';
import { SOFTWARE } from './commands/software.ts';
import { registerStamp } from './commands/stamp.ts';
import { registerVerify } from './commands/verify.ts';
import { AssayError } from './model/errors.ts';

const program = new Command('assay')
  .description('Measures an AI computing platform, proves the measurement and judges it by a guide. 算力平台验收测试')
  .version(SOFTWARE.version)
  .exitOverride()
  .configureOutput({ writeErr: () => {} });

// If standard output closes (`| head`, a closed terminal), what was begun is still finished.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream === process.stdout && error.code !== 'EPIPE')
      fail(new AssayError('output_lost', `${error.code}`), program);
  });
}

for (const register of [
  registerAccept,
  registerPlan,
  registerVerify,
  registerKeygen,
  registerSign,
  registerStamp,
  registerReport,
  registerInventory,
  registerDoctor,
  registerAgent,
]) {
  register(program);
}

await program.parseAsync().catch((error: unknown) => fail(error, program));
