import { defineConfig } from 'vitest/config';

/** On a machine with an NVIDIA GPU: `vitest run --config test/gpu/vitest.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/gpu/**/*.test.ts'],
    env: { ASSAY_GPU: '1', ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 900_000,
  },
});
