import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests of calculations: they change nothing outside of themselves, so that their files can share loaded modules. */
const CALCULATIONS = ['analysis', 'base', 'calibration', 'contract', 'domain', 'onnx', 'quantization', 'runs'].map(
  (folder) => `test/unit/${folder}/**/*.test.ts`,
);

const SLOW = 'test/slow/**/*.test.ts';

/**
 * Files of these tests share a process: test/support/file-setup.ts loads modules anew for each file and puts back what
 * the file changed. A module that a test replaces stays replaced, so that a file which does so has its own process.
 */
const SHARED = { isolate: false, setupFiles: ['test/support/file-setup.ts'] };
const SHARING = readdirSync(join(import.meta.dirname, 'test/unit'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/unit/${name.replaceAll('\\', '/')}`)
  .filter((path) => !/\bvi\.(?:mock|doMock)\(/.test(textOf(path)));
/** Those that draw in a document: files share a process only with files of their environment. */
const SCREENS = SHARING.filter((path) => textOf(path).startsWith('// @vitest-environment jsdom'));
/** Tests of native code and of Electron are not among them: what they change in their process stays. */
const SERVICES = ['app', 'backends', 'cli', 'compute', 'packages', 'renderer', 'serve', 'transport'].flatMap((folder) =>
  SHARING.filter((path) => path.startsWith(`test/unit/${folder}/`) && !SCREENS.includes(path)),
);

function textOf(path: string): string {
  return readFileSync(join(import.meta.dirname, path), 'utf8');
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'calculations', include: CALCULATIONS, isolate: false } },
      { extends: true, test: { name: 'screens', include: SCREENS, ...SHARED } },
      { extends: true, test: { name: 'services', include: SERVICES, ...SHARED } },
      {
        extends: true,
        test: {
          name: 'others',
          include: ['test/**/*.test.ts'],
          exclude: [...CALCULATIONS, ...SCREENS, ...SERVICES, SLOW],
        },
      },
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
