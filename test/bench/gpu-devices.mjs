// The plate reader on several GPUs of one machine: engines built and timed one after the other and at once. Needs
// TensorRT and at least two GPUs; nothing but this checkout besides. GPUs of one kind share their engines, so that
// there is one build for them. Usage: node test/bench/gpu-devices.mjs [--devices 0,1] [--batches 1,32] [--rounds 50]
// Prints one JSON document.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: 'all' },
    batches: { type: 'string', default: '1,32' },
    rounds: { type: 'string', default: '50' },
  },
});
const sample = join(root, 'resources/sample');
const work = mkdtempSync(join(tmpdir(), 'calib-devices-'));
const round = (value, digits = 4) => Number(value.toFixed(digits));

/**
 * What a command prints, and its wall clock. Every order has a data folder of its own: no timing cache is handed on.
 */
function calib(home, ...args) {
  const startedAt = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'out/main/calib.js'), ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1e9,
    env: { ...process.env, CALIB_HOME: home },
  });
  if (status !== 0) throw new Error(`calib ${args.join(' ')} ended with ${status}: ${stdout}`);
  return { result: JSON.parse(stdout), seconds: (performance.now() - startedAt) / 1000 };
}

function measure(order) {
  const home = join(work, order);
  const project = join(work, `${order}.calib`);
  calib(
    home,
    'init',
    join(sample, 'plate_chars.onnx'),
    '--calibration',
    join(sample, 'calibration'),
    '--validation',
    join(sample, 'validation'),
    '-o',
    project,
  );
  calib(home, 'calibrate', project);
  const gpus = [
    '--backend',
    'tensorrt',
    '--variants',
    'fp32,int8-minmax',
    '--batches',
    values.batches,
    '--devices',
    values.devices,
    ...(order === 'parallel' ? ['--parallel'] : []),
  ];
  const build = calib(home, 'build', project, ...gpus);
  const bench = calib(home, 'bench', project, ...gpus, '--rounds', values.rounds);
  const { variants, devices } = bench.result;
  return {
    buildSeconds: round(build.seconds, 1),
    enginesBuilt: build.result.engines.filter(({ built }) => built).length,
    benchSeconds: round(bench.seconds, 1),
    devices: devices.map(({ device, seconds, gpu }) => ({
      device,
      seconds: round(seconds, 1),
      latencyMs: variants
        .filter((record) => record.device.index === device.index)
        .map(({ variant, batch, latencyMs, coefficientOfVariation }) => ({
          variant,
          batch,
          median: round(latencyMs.median),
          p99: round(latencyMs.p99),
          coefficientOfVariation: round(coefficientOfVariation),
        })),
      gpu,
    })),
  };
}

try {
  const sequential = measure('sequential');
  const parallel = measure('parallel');
  const slowdowns = parallel.devices.flatMap(({ latencyMs }, d) =>
    latencyMs.map(({ median }, i) => median / sequential.devices[d].latencyMs[i].median),
  );
  console.log(
    JSON.stringify(
      {
        sequential,
        parallel,
        benchSpeedup: round(sequential.benchSeconds / parallel.benchSeconds, 2),
        buildSpeedup: round(sequential.buildSeconds / parallel.buildSeconds, 2),
        latencyParallelToSequential: {
          smallest: round(Math.min(...slowdowns), 3),
          largest: round(Math.max(...slowdowns), 3),
        },
      },
      null,
      1,
    ),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
