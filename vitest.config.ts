import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // Some tests load ONNX Runtime themselves.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    maxWorkers: 2,
  },
});
