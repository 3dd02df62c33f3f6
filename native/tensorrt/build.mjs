/**
 * Builds build/Release/calib_tensorrt_10.node and _11.node by calling the compiler: each against the headers of its
 * major, where those are found. Only what changed is compiled again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

const sourceDir = import.meta.dirname;
const nativeDir = join(sourceDir, '..');
const require = createRequire(import.meta.url);

export const TENSORRT_MAJORS = [10, 11];

/** Where a checkout may keep headers of its own: include-10, include-11, cuda. */
const LOCAL_HEADERS = join(nativeDir, '../build/tensorrt-headers');
const TENSORRT_PLACES = [
  '/usr/include/x86_64-linux-gnu',
  '/usr/include/aarch64-linux-gnu',
  '/usr/include',
  '/usr/local/include',
  '/usr/local/tensorrt/include',
  '/opt/tensorrt/include',
  '/usr/local/cuda/include',
];
const CUDA_PLACES = [join(LOCAL_HEADERS, 'cuda'), '/usr/local/cuda/include', '/opt/cuda/include', '/usr/include'];
const CXX_FLAGS = [
  '-std=c++17',
  '-O2',
  '-fPIC',
  '-pthread',
  '-fvisibility=hidden',
  '-fvisibility-inlines-hidden',
  '-ffunction-sections',
  '-fdata-sections',
  '-Wall',
  '-Wextra',
  '-DNAPI_VERSION=8',
  '-DNAPI_CPP_EXCEPTIONS',
  '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
];
/**
 * The C++ library goes in, so that the file can be carried to machines with an older one. libgcc does not: Node needs
 * its shared form anyway, and the static one of gcc 12 asks for a newer glibc than all the rest (2.35, else 2.34). The
 * file is never unloaded, for threads of TensorRT may still call its logger.
 */
const LINK_FLAGS = [
  '-shared',
  '-pthread',
  '-static-libstdc++',
  `-Wl,--version-script=${join(sourceDir, 'exports.map')}`,
  '-Wl,-z,nodelete',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,--gc-sections',
  '-Wl,--strip-all',
  '-ldl',
];

export function tensorrtAddonPath(major) {
  return join(nativeDir, `build/Release/calib_tensorrt_${major}.node`);
}

function majorOf(folder) {
  const file = join(folder, 'NvInferVersion.h');
  if (!existsSync(file) || !existsSync(join(folder, 'NvOnnxParser.h'))) return null;
  const found = /#define\s+(?:NV_TENSORRT_MAJOR|TRT_MAJOR_ENTERPRISE)\s+(\d+)/.exec(readFileSync(file, 'utf8'));
  return found === null ? null : Number(found[1]);
}

const hasCuda = (folder) => existsSync(join(folder, 'cuda.h')) && existsSync(join(folder, 'cuda_runtime_api.h'));

/** {tensorrt, cuda} folders, or {missing: sentence, isAsked}; isAsked: a variable names a folder that is not one. */
export function findHeaders(major, env = process.env) {
  const named = env[`TENSORRT_INCLUDE_${major}`];
  if (named && majorOf(named) !== major)
    return {
      missing: `TENSORRT_INCLUDE_${major} is ${named}, which does not hold the headers of TensorRT ${major}`,
      isAsked: true,
    };
  const tensorrt =
    named || [join(LOCAL_HEADERS, `include-${major}`), ...TENSORRT_PLACES].find((place) => majorOf(place) === major);
  if (!tensorrt)
    return {
      missing: `no headers of TensorRT ${major}; set TENSORRT_INCLUDE_${major} to the folder of NvInfer.h`,
      isAsked: false,
    };
  const cudaNamed = env['CUDA_INCLUDE'];
  if (cudaNamed && !hasCuda(cudaNamed))
    return {
      missing: `CUDA_INCLUDE is ${cudaNamed}, which does not hold cuda.h and cuda_runtime_api.h`,
      isAsked: true,
    };
  const places = env['CUDA_HOME'] ? [join(env['CUDA_HOME'], 'include'), ...CUDA_PLACES] : CUDA_PLACES;
  const cuda = cudaNamed || places.find(hasCuda);
  if (!cuda) return { missing: 'no CUDA headers; set CUDA_INCLUDE to the folder of cuda.h', isAsked: Boolean(named) };
  return { tensorrt, cuda };
}

const modifiedMs = (file) => (existsSync(file) ? statSync(file).mtimeMs : null);

/** Whether `object` is newer than all that its dependency file lists. */
function isFresh(object) {
  const built = modifiedMs(object);
  if (built === null || !existsSync(`${object}.d`)) return false;
  const rule = readFileSync(`${object}.d`, 'utf8').replaceAll('\\\n', ' ');
  const files = rule.slice(rule.indexOf(':') + 1).match(/(?:\\ |\S)+/g) ?? [];
  return files.every((file) => {
    const changed = modifiedMs(file.replaceAll('\\ ', ' '));
    return changed !== null && changed <= built;
  });
}

/** Runs the compiler; rejects with its last lines. */
function compiler(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.env.CXX ?? 'g++', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`the compiler failed:\n${log.trimEnd().split('\n').slice(0, 15).join('\n')}`));
    });
  });
}

async function compile(source, object, flags) {
  const temporary = `${object}.${process.pid}.tmp`;
  await compiler([...flags, '-c', source, '-o', temporary, '-MMD', '-MT', object, '-MF', `${temporary}.d`]);
  renameSync(`${temporary}.d`, `${object}.d`);
  renameSync(temporary, object);
}

/** Runs tasks, as many at a time as there are processors. */
async function runAll(tasks) {
  const rest = [...tasks];
  const worker = async () => {
    for (let task = rest.shift(); task; task = rest.shift()) await task();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, worker));
}

/** Builds the addon of one major unless it is up to date. Throws an Error. */
export async function buildTensorrtAddon(major, headers, { nodeInclude, isForced }) {
  const output = tensorrtAddonPath(major);
  const objectDir = join(nativeDir, `build/tensorrt-${major}`);
  // A system folder must not be named: the order of gcc's own ones matters.
  const includes = [
    headers.tensorrt,
    headers.cuda,
    nodeInclude,
    require('node-addon-api').include_dir.replaceAll('"', ''),
  ];
  const flags = [
    ...CXX_FLAGS,
    ...includes.filter((folder) => folder !== '/usr/include').flatMap((folder) => ['-isystem', folder]),
  ];
  const stamp = createHash('sha256')
    .update(JSON.stringify([process.env.CXX ?? 'g++', flags, LINK_FLAGS]))
    .digest('hex');
  const stampFile = join(objectDir, 'flags');
  if (isForced || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp)
    rmSync(objectDir, { recursive: true, force: true });
  mkdirSync(objectDir, { recursive: true });
  mkdirSync(join(nativeDir, 'build/Release'), { recursive: true });
  writeFileSync(stampFile, stamp);

  const sources = ['core', 'addon'].flatMap((folder) =>
    readdirSync(join(sourceDir, folder))
      .filter((name) => name.endsWith('.cpp'))
      .map((name) => join(sourceDir, folder, name)),
  );
  const objects = sources.map((source) => join(objectDir, `${basename(source, '.cpp')}.o`));
  const stale = sources.map((source, i) => [source, objects[i]]).filter(([, object]) => !isFresh(object));
  await runAll(
    stale.map(
      ([source, object]) =>
        () =>
          compile(source, object, flags),
    ),
  );

  const linked = modifiedMs(output);
  if (linked !== null && [...objects, join(sourceDir, 'exports.map')].every((file) => statSync(file).mtimeMs <= linked))
    return;
  const temporary = `${output}.${process.pid}.tmp`;
  await compiler([...objects, ...LINK_FLAGS, '-o', temporary]);
  renameSync(temporary, output);
}
