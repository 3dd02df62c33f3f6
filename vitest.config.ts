import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests of calculations: they change nothing outside of themselves, so that their files can share loaded modules. */
const CALCULATIONS = ['analysis', 'base', 'calibration', 'contract', 'domain', 'onnx', 'quantization', 'runs'].map(
  (folder) => `test/unit/${folder}/**/*.test.ts`,
);

const SLOW = 'test/slow/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'calculations', include: CALCULATIONS, isolate: false } },
      { extends: true, test: { name: 'others', include: ['test/**/*.test.ts'], exclude: [...CALCULATIONS, SLOW] } },
      // Their commands take turns with everything else that the machine does.
      { extends: true, test: { name: 'slow', include: [SLOW], testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
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
