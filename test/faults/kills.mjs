// `npm run test:faults`: kills processes of the workbench with SIGKILL at random moments, lets the next start go on,
// and checks that nothing that was finished is lost, that the numbers are those of an undisturbed run, and that no file
// of a killed process is left. --kills N   how many (default 200)      --seed N   of the random moments --only A,B
// these scenarios             --json     one document on stdout Linux only: it finds child processes in /proc.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const root = resolve(import.meta.dirname, '../..');
const calibPath = join(root, 'out/main/calib.js');
const sample = join(root, 'resources/sample');
const work = mkdtempSync(join(tmpdir(), 'calib-kills-'));
const env = { ...process.env, CALIB_HOME: join(work, 'home'), TMPDIR: join(work, 'tmp') };
const LEFTOVER = /\.tmp$|\.unfinished-|\.takeover$|\.lock$|\.part$|^tensorrt-model-|^calib-uploads-/;
mkdirSync(env.TMPDIR, { recursive: true });

/** mulberry32: the same moments for the same seed. */
let state = Number(flags.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

function calib(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [calibPath, ...args, '--json'], {
    env,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status !== 0) throw new Error(`calib ${args.join(' ')} ended with ${status}: ${stderr.slice(-600)}`);
  return JSON.parse(stdout);
}

/** Descendants of a process with their command lines. */
function descendants(pid) {
  let ids;
  try {
    ids = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
  return ids.flatMap((id) => [{ pid: id, command: commandOf(id) }, ...descendants(id)]);
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const isAlive = (pid) => existsSync(`/proc/${pid}`) && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/**
 * Starts calib and kills `victim` (app, compute-host, bench-host) after a random part of `durationMs`. @returns what
 * happened
 */
async function killDuring(args, victim, durationMs, onStart) {
  const child = spawn(process.execPath, [calibPath, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((done) => child.on('exit', done));
  let isOver = false;
  void ended.then(() => (isOver = true));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  if (onStart) await onStart(() => output);
  const startedAt = performance.now();
  let target = child.pid;
  let from = 0;
  if (victim !== 'app') {
    for (target = undefined; target === undefined && !isOver; await sleep(5))
      target = descendants(child.pid).find(({ command }) => command.includes(victim))?.pid;
    from = performance.now() - startedAt;
  }
  await Promise.race([ended, sleep(random() * Math.max(50, durationMs - from))]);
  const family = [child.pid, ...descendants(child.pid).map(({ pid }) => pid)];
  let isKilled = false;
  try {
    if (!isOver && target !== undefined) isKilled = process.kill(target, 'SIGKILL');
  } catch {
    isKilled = false; // it had just ended
  }
  // A server outlives its compute process.
  if (victim !== 'app' && onStart) child.kill('SIGKILL');
  await ended;
  for (let waited = 0; family.some(isAlive); waited += 20) {
    if (waited > 20_000)
      throw new Error(
        `calib ${args[0]}: processes outlive what started them: ${family.filter(isAlive).map(commandOf).join('; ')}`,
      );
    await sleep(20);
  }
  return isKilled;
}

function leftovers(...folders) {
  return folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter(({ name }) => LEFTOVER.test(name))
          .map(({ parentPath, name }) => join(parentPath, name))
      : [],
  );
}

const check = (holds, message) => {
  if (!holds) throw new Error(message);
};
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// What all scenarios begin with: a project as it was made, and one that is calibrated, with two shards beside it.
const fresh = join(work, 'fresh.calib');
const done = join(work, 'done.calib');
calib(
  'init',
  join(sample, 'plate_chars.onnx'),
  '--calibration',
  join(sample, 'calibration'),
  '--validation',
  join(sample, 'validation'),
  '-o',
  fresh,
);
const LIMIT = ['--limit', '24'];
cpSync(fresh, done, { recursive: true });
const expected = calib('calibrate', done, ...LIMIT);
calib('set', done, '--gate', 'maxTop1Drop=50');
const validated = calib('validate', done, '--limit', '12', '--variants', 'fp32,int8').variants;
const shards = ['1/2', '2/2'].map((shard) => calib('calibrate', done, '--shard', shard).shardPath);
const merged = join(work, 'merged.calib');
cpSync(done, merged, { recursive: true });
const mergedSha = calib('merge', merged, ...shards).sha256;

const isStillCalibrated = (project) => {
  const again = calib('calibrate', project, ...LIMIT);
  check(
    again.kept === true && again.sha256 === expected.sha256,
    `a finished calibration was lost: ${JSON.stringify(again).slice(0, 200)}`,
  );
};
const out = join(work, 'out');

/** name, what is killed, the project it begins with, the command, and what must hold after the next start. */
const SCENARIOS = [
  {
    name: 'calibrate',
    victims: ['app', 'compute-host'],
    base: fresh,
    args: (p) => ['calibrate', p, ...LIMIT],
    after: (p) => check(calib('calibrate', p, ...LIMIT).sha256 === expected.sha256, 'another calibration came out'),
  },
  {
    name: 'calibrate TensorRT grid',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['calibrate', p, ...LIMIT, '--tensorrt-grid', '8'],
    after: (p) => {
      isStillCalibrated(p);
      calib('calibrate', p, ...LIMIT, '--tensorrt-grid', '8');
    },
  },
  {
    name: 'shard',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['calibrate', p, '--shard', '1/2', '--fresh'],
    after: (p) => {
      calib('calibrate', p, '--shard', '1/2', '--fresh');
      isStillCalibrated(p);
    },
  },
  {
    name: 'merge',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['merge', p, ...shards],
    after: (p) => {
      isStillCalibrated(p);
      check(calib('merge', p, ...shards).sha256 === mergedSha, 'another merge came out');
    },
  },
  {
    name: 'set',
    victims: ['app'],
    base: done,
    args: (p) => ['set', p, '--method', 'mse'],
    after: (p) => {
      const { method } = calib('show', p);
      check(method !== undefined, 'the project was lost');
      calib('set', p, '--method', 'minmax');
      isStillCalibrated(p);
    },
  },
  {
    name: 'validate',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['validate', p, '--limit', '12', '--variants', 'fp32,int8'],
    after: (p) => {
      check(
        same(calib('validate', p, '--limit', '12', '--variants', 'fp32,int8').variants, validated),
        'another validation came out',
      );
      isStillCalibrated(p);
    },
  },
  {
    name: 'bench',
    victims: ['bench-host', 'compute-host', 'app'],
    base: done,
    args: (p) => ['bench', p, '--variants', 'fp32,int8'],
    after: (p) => {
      calib('bench', p, '--variants', 'fp32');
      isStillCalibrated(p);
    },
  },
  {
    name: 'health',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['health', p],
    after: (p) => {
      calib('health', p);
      isStillCalibrated(p);
    },
  },
  {
    name: 'repair',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['repair', p, '--limit', '12'],
    after: (p) => {
      isStillCalibrated(p);
    },
  },
  {
    name: 'quantize',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['quantize', p, '--target', 'onnxruntime', '-o', join(out, 'q.onnx')],
    after: (p) => {
      calib('quantize', p, '--target', 'onnxruntime', '-o', join(out, 'q.onnx'));
      calib('inspect', join(out, 'q.onnx'));
      isStillCalibrated(p);
    },
  },
  {
    name: 'export',
    victims: ['app', 'compute-host'],
    base: done,
    args: (p) => ['export', p, '--format', 'triton', '-o', out],
    after: (p) => {
      calib('export', p, '--format', 'triton', '-o', out);
      isStillCalibrated(p);
    },
  },
  {
    name: 'serve',
    victims: ['app', 'compute-host'],
    base: fresh,
    isServer: true,
    args: () => ['serve', '--root', '/', '--port', '0'],
    after: (p) => check(calib('calibrate', p, ...LIMIT).sha256 === expected.sha256, 'another calibration came out'),
  },
];

/** An upload and a calibration, asked of a server as the page does. */
async function askServer(project, output) {
  while (!/https?:\S+/.test(output())) await sleep(20);
  const url = new URL(/https?:\S+/.exec(output())[0]);
  const headers = { authorization: `Bearer ${url.searchParams.get('token')}` };
  await globalThis
    .fetch(new URL('/api/upload?batch=b1&path=a.bin', url), { method: 'POST', headers, body: new Uint8Array(1000) })
    .catch(() => undefined);
  await globalThis
    .fetch(new URL('/api/call', url), {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ method: 'startJob', request: { kind: 'calibrate', projectPath: project, limit: 24 } }),
    })
    .catch(() => undefined);
}

const rows = new Map();
const failures = [];
const durations = new Map();
const count = Number(flags.kills);
let kills = 0;
let attempts = 0;
const startedAt = performance.now();
const only = flags.only?.split(',');
const cases = SCENARIOS.filter(({ name }) => only === undefined || only.includes(name)).flatMap((scenario) =>
  scenario.victims.map((victim) => ({ scenario, victim })),
);
while (kills < count && attempts < 3 * count) {
  const { scenario, victim } = cases[attempts % cases.length];
  attempts += 1;
  const project = join(work, 'p.calib');
  for (const folder of [project, out]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  cpSync(scenario.base, project, { recursive: true });
  const label = `${scenario.name}, ${victim}`;
  const row = rows.get(label) ?? { scenario: scenario.name, victim, kills: 0, tooLate: 0, lost: 0, leftovers: 0 };
  rows.set(label, row);
  try {
    if (!durations.has(scenario.name) && !scenario.isServer) {
      const from = performance.now();
      spawnSync(process.execPath, [calibPath, ...scenario.args(project)], { env, stdio: 'ignore' });
      durations.set(scenario.name, performance.now() - from);
      rmSync(project, { recursive: true, force: true });
      cpSync(scenario.base, project, { recursive: true });
    }
    const onStart = scenario.isServer ? (output) => askServer(project, output) : undefined;
    const isKilled = await killDuring(scenario.args(project), victim, durations.get(scenario.name) ?? 4_000, onStart);
    if (!isKilled) {
      row.tooLate += 1;
      continue;
    }
    kills += 1;
    row.kills += 1;
    console.error(`${kills} of ${count}: ${label}`);
    try {
      scenario.after(project);
      if (scenario.isServer)
        await killDuring(scenario.args(project), 'app', 1, async (output) => {
          while (!/https?:/.test(output())) await sleep(20);
        });
    } catch (error) {
      row.lost += 1;
      failures.push(`${label}: ${error.message}`);
    }
    // The folder of the server that was just killed is the next one's to remove; it received nothing and made none.
    const left = leftovers(project, out, env.TMPDIR, env.CALIB_HOME);
    if (left.length > 0) {
      row.leftovers += left.length;
      failures.push(`${label}: left ${left.map((path) => path.slice(work.length + 1)).join(', ')}`);
    }
  } catch (error) {
    row.lost += 1;
    failures.push(`${label}: ${error.message}`);
  }
}
rmSync(work, { recursive: true, force: true });

const table = [...rows.values()];
const total = (key) => table.reduce((sum, row) => sum + row[key], 0);
const summary = {
  kills,
  lost: total('lost'),
  leftovers: total('leftovers'),
  tooLate: total('tooLate'),
  seconds: Math.round((performance.now() - startedAt) / 1000),
  seed: Number(flags.seed),
  scenarios: table,
  failures,
};
if (flags.json) console.log(JSON.stringify(summary, null, 1));
else {
  console.table(table);
  for (const failure of failures) console.log(failure);
  console.log(`${kills} kills: ${summary.lost} lost something, ${summary.leftovers} leftovers, ${summary.seconds} s`);
}
process.exitCode = failures.length > 0 || kills < count ? 1 : 0;
