/**
 * Builds the tests of native/core (GoogleTest) and runs them under AddressSanitizer with UndefinedBehaviorSanitizer;
 * those of several threads also under ThreadSanitizer. Where a cross compiler and QEMU are installed (Debian:
 * g++-aarch64-linux-gnu, qemu-user-static), they also run as a program for 64-bit ARM, whose kernels are others. Usage:
 * npm run test:native. Needs g++ and GoogleTest (Debian: apt-get install libgtest-dev). Prints one line
 * `N passed, N failed` and writes build/native-test-results.json, in the counts of vitest's JSON report.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const outDir = join(root, 'build/native-test');
/** Debian's sources of GoogleTest, which has no library for other processors. */
const GTEST = '/usr/src/googletest/googletest';
const ARM_ROOT = '/usr/aarch64-linux-gnu';
const LIBRARIES = ['-lgtest', '-lgtest_main', '-ldl'];
const BUILDS = [
  {
    name: 'address-undefined',
    compiler: process.env.CXX ?? 'g++',
    flags: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    libraries: LIBRARIES,
    runner: [],
    tests: '*',
  },
  {
    name: 'thread',
    compiler: process.env.CXX ?? 'g++',
    flags: ['-fsanitize=thread'],
    libraries: LIBRARIES,
    runner: [],
    // Tests of one thread have no races to find, and take twenty times as long here.
    tests: '*Threads*',
  },
  {
    name: 'arm64',
    compiler: 'aarch64-linux-gnu-g++',
    flags: [`-I${GTEST}`, `-I${GTEST}/include`],
    libraries: [`${GTEST}/src/gtest-all.cc`, `${GTEST}/src/gtest_main.cc`, '-ldl'],
    runner: ['qemu-aarch64-static', '-L', ARM_ROOT],
    // The other tests do not depend on the processor.
    tests: 'Kernels.*:TensorCounts.*',
    needs: ['/usr/bin/aarch64-linux-gnu-g++', '/usr/bin/qemu-aarch64-static', `${GTEST}/src/gtest-all.cc`],
  },
];
// The same numerical flags as the addon (native/binding.gyp).
const FLAGS = ['-std=c++17', '-O1', '-g', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror', '-pthread'];

const sourcesIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => join(root, folder, name));
const sources = [...sourcesIn('native/core'), ...sourcesIn('native/test')];

function count(reportPath) {
  const report = JSON.parse(readFileSync(reportPath, 'utf8'));
  const failed = report.failures + report.errors;
  return { passed: report.tests - failed - report.disabled, failed };
}

mkdirSync(outDir, { recursive: true });
const totals = { passed: 0, failed: 0 };
for (const { name, compiler, flags, libraries, runner, tests, needs = [] } of BUILDS) {
  const missing = needs.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    console.log(`${name}: skipped, because ${missing.join(', ')} is not there`);
    continue;
  }
  const binary = join(outDir, name);
  const report = `${binary}.json`;
  rmSync(report, { force: true });
  const compiled = spawnSync(compiler, [...FLAGS, ...flags, ...sources, '-o', binary, ...libraries], {
    stdio: 'inherit',
  });
  const [command, ...prefix] = [...runner, binary];
  const ran =
    compiled.status === 0
      ? spawnSync(command, [...prefix, `--gtest_output=json:${report}`, `--gtest_filter=${tests}`, '--gtest_brief=1'], {
          stdio: 'inherit',
        })
      : null;
  // A sanitizer ends the process before the report is written: one failure.
  const own = ran?.status === 0 ? count(report) : { passed: 0, failed: 1 };
  console.log(`${name}: ${own.passed} passed, ${own.failed} failed`);
  totals.passed += own.passed;
  totals.failed += own.failed;
}
writeFileSync(
  join(root, 'build/native-test-results.json'),
  JSON.stringify({ numPassedTests: totals.passed, numFailedTests: totals.failed }),
);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
