// Release-gain sensitivity: time over 200 images, and peak memory of all its processes for few and for all layers.
// Usage: node test/bench/sensitivity.mjs [MODEL=cifar_resnet20]. Needs the shared data. Prints JSON.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { makeProject } from './tensorrt-reference.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const IMAGES = '200';
const LIMIT_SECONDS = 180;
const SAMPLE_MS = 50;
/** Some of the layers of cifar_resnet20. */
const FEW = '*f.3/*';

/** Resident memory of a process and all below it, MB. */
function treeRss(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      parents.set(Number(name), {
        parent: Number(/PPid:\s+(\d+)/.exec(status)?.[1]),
        rssKb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0),
      });
    } catch {
      // It has ended.
    }
  }
  const isBelow = (id) => id === pid || (parents.has(id) && id > 1 && isBelow(parents.get(id).parent));
  return [...parents].reduce((sum, [id, { rssKb }]) => sum + (isBelow(id) ? rssKb : 0), 0) / 1024;
}

function measure(project, ...flags) {
  return new Promise((done, fail) => {
    const child = spawn(
      process.execPath,
      [join(root, 'out/main/calib.js'), 'sensitivity', project, '--limit', IMAGES, ...flags, '--json'],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let stdout = '';
    let peakMb = 0;
    child.stdout.on('data', (text) => (stdout += text));
    const timer = setInterval(() => (peakMb = Math.max(peakMb, treeRss(child.pid))), SAMPLE_MS);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code !== 0) return fail(new Error(`sensitivity ended with ${code}`));
      const { layers, passes, seconds } = JSON.parse(stdout);
      done({ layers: layers.length, passes, seconds: Number(seconds.toFixed(1)), peakRssMb: Math.round(peakMb) });
    });
  });
}

const model = process.argv[2] ?? 'cifar_resnet20';
const work = mkdtempSync(join(tmpdir(), 'calib-sensitivity-'));
try {
  const { project } = makeProject(model, work);
  const some = await measure(project, '--layer', FEW, '--kind', 'cause');
  const all = await measure(project);
  console.log(
    JSON.stringify(
      {
        model,
        images: Number(IMAGES),
        few: some,
        all,
        withinLimit: all.seconds <= LIMIT_SECONDS,
        memoryRatio: Number((all.peakRssMb / some.peakRssMb).toFixed(2)),
      },
      null,
      1,
    ),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
