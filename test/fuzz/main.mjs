// Fuzzes every reader of untrusted input: ONNX models, calibration caches, project files, indices, histograms, arrays,
// labels, boxes, masks, run records, images and shards. Each input must be accepted or refused in words: no crash, no
// other error, no input that takes over two seconds of processor time, no process above 512 MB. Usage: npm run fuzz --
// [--inputs N | --seconds S] [--target NAME] [--seed N] [--json] Default: a million inputs. The same seed gives the
// same inputs. Inputs that failed are kept under build/fuzz/failures.
import { fork, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '../..');
const outDir = join(root, 'build/fuzz');
const HANG_SECONDS = 2;
const MEMORY_LIMIT_MB = 512;
const PROCESSES = 2;
/** A process of its own for so many inputs: short enough that memory which a library keeps does not add up. */
const INPUTS_PER_PROCESS = 5000;
const CLOCK_TICKS_PER_SECOND = 100;

const { values: flags } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seconds: { type: 'string' },
    target: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

await build({
  root,
  configFile: false,
  logLevel: 'error',
  build: {
    outDir,
    emptyOutDir: false,
    ssr: true,
    minify: false,
    rollupOptions: {
      input: { worker: join(root, 'test/fuzz/worker.ts'), targets: join(root, 'test/fuzz/targets.ts') },
      output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
    },
  },
});
const { TARGETS_BY_NAME } = await import(join(outDir, 'targets.mjs'));
const work = mkdtempSync(join(tmpdir(), 'calib-fuzz-'));
const failures = join(outDir, 'failures');

const names = flags.target === undefined ? [...TARGETS_BY_NAME.keys()] : [flags.target];
const weightOf = (name) => TARGETS_BY_NAME.get(name)?.weight ?? 1;
const totalWeight = names.reduce((sum, name) => sum + weightOf(name), 0);
const deadline = flags.seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + 1000 * Number(flags.seconds);
const stateOf = (name) => ({
  name,
  inputs:
    flags.seconds === undefined
      ? Math.ceil((Number(flags.inputs) * weightOf(name)) / totalWeight)
      : Number.POSITIVE_INFINITY,
  next: 1e9 * Number(flags.seed),
  trials: 0,
  accepted: 0,
  peakRssMb: 0,
  faults: [],
});
const targets = names.map(stateOf);

/** Processor time of a process in seconds, user and system (proc(5), fields 14 and 15); null when it is gone. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

function readSeed(folder) {
  const path = join(folder, 'seed');
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  return bytes.length === 8 ? bytes.readDoubleLE(0) : null;
}

const worker = (args, options) => [
  join(outDir, 'worker.mjs'),
  args,
  { ...options, execArgv: ['--max-old-space-size=400'] },
];

/** Tries the seeds from `first` to `end`; resolves to the report of the process, or to the fault that ended it. */
function tryRange(target, first, end, folder) {
  return new Promise((done) => {
    const args = [target.name, first, end, folder, MEMORY_LIMIT_MB].map(String);
    const child = fork(...worker(args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }));
    let report = null;
    let hung = null;
    let errors = '';
    let seen = { seed: null, cpu: 0 };
    child.stderr.on('data', (data) => (errors = (errors + data).slice(-4000)));
    child.on('message', (message) => (report = message));
    const watch = setInterval(() => {
      const seed = readSeed(folder);
      const cpu = cpuSeconds(child.pid) ?? 0;
      if (seed !== seen.seed) seen = { seed, cpu };
      else if (seed !== null && cpu - seen.cpu > HANG_SECONDS) {
        hung = seed;
        child.kill('SIGKILL');
      }
    }, 250);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      if (report !== null && hung === null) return done(report);
      const seed = hung ?? readSeed(folder) ?? first;
      const error =
        hung === null
          ? `The process ended with ${signal ?? `code ${code}`}\n${errors}`
          : `The input took more than ${HANG_SECONDS} s of processor time`;
      spawnSync(process.execPath, [
        join(outDir, 'worker.mjs'),
        ...[target.name, seed, seed, folder, MEMORY_LIMIT_MB, 'write-input'].map(String),
      ]);
      done({ trials: seed - first + 1, accepted: 0, peakRssMb: 0, fault: { seed, error } });
    });
  });
}

function keepFailure(target, { seed, error }, folder) {
  mkdirSync(failures, { recursive: true });
  const path = join(failures, `${target.name}-${seed}`);
  if (existsSync(join(folder, 'input'))) copyFileSync(join(folder, 'input'), path);
  target.faults.push({ seed, input: path, error });
  process.stderr.write(`${target.name}, seed ${seed}, input kept in ${path}:\n${error}\n\n`);
}

/** The target that has had the smallest part of its share; null when all have had theirs. */
function nextTarget() {
  if (Date.now() > deadline) return null;
  const open = targets.filter(
    (target) => target.next - 1e9 * Number(flags.seed) < target.inputs && target.faults.length < 5,
  );
  const partOf = (target) => (target.next - 1e9 * Number(flags.seed)) / weightOf(target.name);
  return open.reduce((least, target) => (least === null || partOf(target) < partOf(least) ? target : least), null);
}

async function lane(number) {
  for (let target = nextTarget(); target !== null; target = nextTarget()) {
    const folder = join(work, `${number}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const first = target.next;
    const share =
      flags.seconds === undefined
        ? INPUTS_PER_PROCESS
        : Math.ceil((INPUTS_PER_PROCESS * weightOf(target.name)) / totalWeight);
    const end = Math.min(first + share, 1e9 * Number(flags.seed) + target.inputs);
    target.next = end;
    const report = await tryRange(target, first, end, folder);
    target.trials += report.trials;
    target.accepted += report.accepted;
    target.peakRssMb = Math.max(target.peakRssMb, report.peakRssMb);
    if (report.fault !== null) keepFailure(target, report.fault, folder);
  }
}

const startedAt = Date.now();
try {
  await Promise.all(Array.from({ length: PROCESSES }, (_, number) => lane(number)));
} finally {
  rmSync(work, { recursive: true, force: true });
}
const seconds = (Date.now() - startedAt) / 1000;
const trials = targets.reduce((sum, target) => sum + target.trials, 0);
const faults = targets.reduce((sum, target) => sum + target.faults.length, 0);
const rows = targets.map(({ name, trials: own, accepted, peakRssMb, faults: found }) => ({
  target: name,
  inputs: own,
  accepted,
  peakRssMb,
  faults: found.length,
}));
if (flags.json)
  process.stdout.write(`${JSON.stringify({ inputs: trials, seconds, faults, targets: rows }, null, 1)}\n`);
else {
  console.table(rows);
  console.log(`${trials} inputs in ${Math.round(seconds)} s, ${faults === 0 ? 'no faults' : `${faults} faults`}`);
}
process.exitCode = faults > 0 ? 1 : 0;
