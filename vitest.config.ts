import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Tests leave no trace in the user's data folder, and neither does ONNX Runtime where a test loads it itself.
    env: { CALIB_HOME: join(tmpdir(), `calib-test-home-${process.pid}`), ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Style sheets are not loaded; a class of a CSS module has its local name.
    css: { modules: { classNameStrategy: 'non-scoped' } },
    // What is polled for comes when the machine gets to it.
    expect: { poll: { timeout: 15_000 } },
  },
});
