import { defineConfig } from 'vitest/config';

/** On a machine with an accelerator: `vitest run --config test/gpu/vitest.config.ts`. */
export default defineConfig({
  test: { include: ['test/gpu/**/*.test.ts'], pool: 'forks', fileParallelism: false },
});
