import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { scopedName } from './src-renderer/styles/scoped-name';

export default defineConfig({
  css: { modules: { generateScopedName: scopedName } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Tests leave no trace in the user's data folder, and neither does ONNX Runtime where a test loads it itself.
    env: { CALIB_HOME: join(tmpdir(), `calib-test-home-${process.pid}`), ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Class names of CSS modules are those of the built page.
    css: { include: [/\.module\.css$/], modules: { classNameStrategy: 'scoped' } },
    // What is polled for comes when the machine gets to it.
    expect: { poll: { timeout: 15_000 } },
  },
});
