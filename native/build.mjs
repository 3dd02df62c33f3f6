/**
 * Builds native/build/Release/calib.node with node-gyp, without any download, and calib_tensorrt_10.node and
 * calib_tensorrt_11.node where the headers of these TensorRT majors are found (tensorrt/build.mjs). Run by `npm
 * install` and `npm run build:native`; does nothing for an addon that is newer than all its sources. --optional
 * a failure prints one line and exits 0, so that an install without a compiler goes through --force             build
 * even when nothing changed --package-headers   use the headers of the package node-api-headers although this Node has
 * its own --tensorrt          print one line per TensorRT major: built, or why not
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildTensorrtAddon, findHeaders, TENSORRT_MAJORS, tensorrtAddonPath } from './tensorrt/build.mjs';

const nativeDir = import.meta.dirname;
const require = createRequire(import.meta.url);
const flags = new Set(process.argv.slice(2));
const output = join(nativeDir, 'build/Release/calib.node');
const LOG_LINES = 15;

/** Minimal build settings that Node's own headers would bring. */
const COMMON_GYPI = `{
  'variables': { 'visibility%': 'hidden', 'enable_lto%': 'false', 'clang%': 0 },
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': { 'Release': {}, 'Debug': {} },
    'conditions': [
      ['OS != "win"', { 'cflags': ['-fPIC', '-pthread'], 'ldflags': ['-pthread'] }],
      ['OS == "linux"', { 'ldflags': ['-Wl,-z,relro'] }],
    ],
  },
}
`;

function newestSourceMs() {
  const files = [join(nativeDir, 'binding.gyp'), join(nativeDir, 'build.mjs')];
  for (const folder of ['core', 'openvino', 'ort', 'addon']) {
    for (const name of readdirSync(join(nativeDir, folder))) files.push(join(nativeDir, folder, name));
  }
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

/**
 * The folder that node-gyp calls nodedir: this Node's prefix where it carries headers, else one made of the npm
 * packages.
 */
function headersDir() {
  const prefix = dirname(dirname(process.execPath));
  const own = join(prefix, 'include/node');
  if (!flags.has('--package-headers') && existsSync(join(own, 'node_api.h')) && existsSync(join(own, 'common.gypi')))
    return prefix;
  const dir = join(nativeDir, 'build/nodedir');
  const include = join(dir, 'include/node');
  mkdirSync(include, { recursive: true });
  cpSync(require('node-api-headers').include_dir, include, { recursive: true });
  writeFileSync(join(include, 'common.gypi'), COMMON_GYPI);
  return dir;
}

function missingTools() {
  const runs = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  if (process.platform === 'win32') return runs('python') || runs('python3') ? [] : ['python3'];
  const compiler = process.env.CXX ?? 'g++';
  const missing = [];
  if (!runs(compiler) && !runs('c++') && !runs('clang++')) missing.push('g++');
  if (!runs(process.env.MAKE ?? 'make')) missing.push('make');
  if (!runs(process.env.PYTHON ?? 'python3')) missing.push('python3');
  return missing;
}

/** Throws an Error with one sentence. */
function build() {
  const missing = missingTools();
  if (missing.length > 0)
    throw new Error(
      `${missing.join(', ')} not found; install g++, make and python3 (Debian: apt-get install g++ make python3)`,
    );
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  for (const step of [['configure'], ['build', '--jobs', 'max']]) {
    const args = [nodeGyp, ...step, '--release', `--nodedir=${headersDir()}`];
    const run = spawnSync(process.execPath, args, { cwd: nativeDir, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (run.status !== 0) {
      const log = `${run.stdout ?? ''}${run.stderr ?? ''}`.trimEnd().split('\n');
      process.stderr.write(`${log.slice(-LOG_LINES).join('\n')}\n`);
      throw new Error(
        `node-gyp ${step[0]} failed (its last lines stand above); it needs g++ with C++17, make and python3`,
      );
    }
  }
  if (!existsSync(output)) throw new Error(`node-gyp succeeded but ${output} is absent`);
  // make leaves it as it is when only this script changed.
  utimesSync(output, new Date(), new Date());
}

/** The addon of a packed package, when it is for this kind of machine and loads here. */
function hasPrebuilt() {
  const path = join(nativeDir, 'prebuilt', `${process.platform}-${process.arch}`, 'calib.node');
  return (
    existsSync(path) &&
    spawnSync(process.execPath, ['-e', `require(${JSON.stringify(path)})`], { stdio: 'ignore' }).status === 0
  );
}

function buildCalib() {
  if (!flags.has('--force') && existsSync(output) && statSync(output).mtimeMs > newestSourceMs()) return true;
  if (flags.has('--optional') && !existsSync(output) && hasPrebuilt()) return true;
  try {
    build();
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    process.stderr.write(`calib: the native addon was not built: ${reason}. Then run: npm run build:native\n`);
    return false;
  }
}

/** Absent headers are no failure: most machines have none. */
async function buildTensorrt(major) {
  const headers =
    process.platform === 'linux' ? findHeaders(major) : { missing: 'it is made for Linux', isAsked: false };
  try {
    if (headers.missing && headers.isAsked) throw new Error(headers.missing);
    if (!headers.missing)
      await buildTensorrtAddon(major, headers, {
        nodeInclude: join(headersDir(), 'include/node'),
        isForced: flags.has('--force'),
      });
  } catch (error) {
    process.stderr.write(
      `calib: the addon for TensorRT ${major} was not built: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return false;
  }
  if (flags.has('--tensorrt'))
    process.stdout.write(
      `calib: ${headers.missing ? `TensorRT ${major}: not built: ${headers.missing}` : tensorrtAddonPath(major)}\n`,
    );
  return true;
}

async function main() {
  let isBuilt = buildCalib();
  for (const major of TENSORRT_MAJORS) isBuilt = (await buildTensorrt(major)) && isBuilt;
  return isBuilt || flags.has('--optional') ? 0 : 1;
}

process.exitCode = await main();
