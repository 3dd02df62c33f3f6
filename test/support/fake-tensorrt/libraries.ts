import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findHeaders, tensorrtAddonPath } from '../../../native/tensorrt/build.mjs';
import { REPO_ROOT } from '../shared';

const SOURCE_DIR = import.meta.dirname;
const OUT_DIR = join(REPO_ROOT, 'build/fake-tensorrt');
/** Of another worker that compiles. */
const LOCK_DIR = join(REPO_ROOT, 'build/fake-tensorrt.lock');
const LOCK_STALE_MS = 300_000;
const LOCK_POLL_MS = 200;

/** Folders of fakes. Only `driver` is meant for LD_LIBRARY_PATH: the rest must be found without it. */
export const FAKES = {
  driver: join(OUT_DIR, 'driver'),
  tensorrt: join(OUT_DIR, 'tensorrt'),
  nvinfer: join(OUT_DIR, 'tensorrt/libnvinfer.so.10'),
  parser: join(OUT_DIR, 'tensorrt/libnvonnxparser.so.10'),
} as const;

/** Majors whose addon can be compiled here; tests of the others skip, by name. */
export const MAJORS_WITH_HEADERS: readonly number[] =
  process.platform === 'linux' ? [10, 11].filter((major) => findHeaders(major).missing === undefined) : [];

interface Library {
  readonly name: string;
  readonly folder: string;
  readonly sources: readonly string[];
  readonly needs: readonly string[];
}

const LIBRARIES: readonly Library[] = [
  { name: 'libcuda.so.1', folder: 'driver', sources: ['fake_cuda.cpp'], needs: [] },
  { name: 'libnvidia-ml.so.1', folder: 'driver', sources: ['fake_nvml.cpp'], needs: [] },
  { name: 'libnvinfer_builder_resource.so.10.6.0', folder: 'tensorrt', sources: ['fake_resource.cpp'], needs: [] },
  {
    name: 'libnvinfer.so.10',
    folder: 'tensorrt',
    sources: ['fake_builder.cpp', 'fake_network.cpp', 'fake_engine.cpp', 'cuda_link.cpp'],
    needs: [],
  },
  { name: 'libnvonnxparser.so.10', folder: 'tensorrt', sources: ['fake_parser.cpp'], needs: [FAKES.nvinfer] },
];

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8', cwd: REPO_ROOT });
  if (done.status !== 0)
    throw new Error(`${command} ${args.slice(-1).join('')} failed:\n${done.stderr}${done.error?.message ?? ''}`);
}

function compileFakes(): void {
  const headers = findHeaders(10);
  if (headers.missing !== undefined) throw new Error(headers.missing);
  const newestMs = Math.max(
    ...readdirSync(SOURCE_DIR).map((name) => statSync(join(SOURCE_DIR, name)).mtimeMs),
    statSync(headers.tensorrt).mtimeMs,
  );
  const stubs = join(OUT_DIR, 'stubs.h');
  for (const folder of ['driver', 'tensorrt']) mkdirSync(join(OUT_DIR, folder), { recursive: true });
  if (!existsSync(stubs) || statSync(stubs).mtimeMs < newestMs)
    run(process.execPath, [join(SOURCE_DIR, 'stubs.mjs'), join(headers.tensorrt, 'NvInferImpl.h'), stubs]);
  for (const library of LIBRARIES) {
    const output = join(OUT_DIR, library.folder, library.name);
    if (existsSync(output) && statSync(output).mtimeMs >= newestMs) continue;
    const sources = library.sources.map((name) => join(SOURCE_DIR, name));
    const includes = [OUT_DIR, SOURCE_DIR]
      .flatMap((folder) => ['-I', folder])
      .concat([headers.tensorrt, headers.cuda].flatMap((folder) => ['-isystem', folder]));
    const flags = [
      '-std=c++17',
      '-O1',
      '-fPIC',
      '-pthread',
      '-shared',
      '-Wno-deprecated-declarations',
      `-Wl,-soname,${library.name}`,
    ];
    run(process.env['CXX'] ?? 'g++', [
      ...flags,
      ...includes,
      ...sources,
      ...library.needs,
      '-ldl',
      '-o',
      `${output}.new`,
    ]);
    renameSync(`${output}.new`, output);
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK_DIR);
    return true;
  } catch {
    return false;
  }
}

/** Compiles the addons and the fakes unless they are up to date. Waits while another test worker does so. */
export async function prepareFakes(): Promise<void> {
  const started = performance.now();
  mkdirSync(join(REPO_ROOT, 'build'), { recursive: true });
  while (!takeLock()) {
    if (performance.now() - started > LOCK_STALE_MS) rmdirSync(LOCK_DIR);
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  try {
    run(process.execPath, [join(REPO_ROOT, 'native/build.mjs')]);
    compileFakes();
  } finally {
    rmdirSync(LOCK_DIR);
  }
}

export { tensorrtAddonPath };
