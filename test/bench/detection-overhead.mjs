/**
 * How much the answers of a task add to the time of inference in a validation, as JSON on stdout: the same project is
 * validated with its task and without one, round by round.
 * Usage: node test/bench/detection-overhead.mjs PROJECT.calib [--rounds N] [--images N]    (after npm run build:app)
 * The project needs a task and a validation set with at least N images (default: 1000).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const flag = (name, preset) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? preset : Number(process.argv[at + 1]);
};
const project = resolve(process.argv[2] ?? '');
const rounds = flag('rounds', 3);
const images = flag('images', 1000);
const calib = fileURLToPath(new URL('../../out/main/calib.js', import.meta.url));

const dir = mkdtempSync(join(tmpdir(), 'overhead-'));
try {
  const file = JSON.parse(readFileSync(join(project, 'project.json'), 'utf8'));
  if (file.task === undefined) throw new Error(`${project} has no task`);
  const absolute = (set) =>
    set && { ...set, path: resolve(project, set.path), labels: set.labels && resolve(project, set.labels) };
  const common = {
    ...file,
    model: { ...file.model, path: resolve(project, file.model.path) },
    calibrationSet: absolute(file.calibrationSet),
    validationSet: absolute(file.validationSet),
  };
  const projects = ['task', 'none'].map((kind) => {
    const path = join(dir, `${kind}-${basename(project)}`);
    cpSync(project, path, { recursive: true });
    const { task, ...rest } = common;
    writeFileSync(join(path, 'project.json'), JSON.stringify(kind === 'task' ? { ...rest, task } : rest));
    return { kind, path, seconds: [] };
  });
  let counted = 0;
  const validate = ({ path }) => {
    const startedAt = performance.now();
    const args = ['validate', path, '--variants', 'fp32', '--limit', String(images), '--json'];
    const out = execFileSync(calib, args, { cwd: dirname(path), stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e9 });
    counted = JSON.parse(out.toString()).images;
    return (performance.now() - startedAt) / 1000;
  };
  for (const own of projects) validate(own); // writes the prepared model and fills the caches of the system
  for (let round = 0; round < rounds; round += 1) for (const own of projects) own.seconds.push(validate(own));
  const [withTask, without] = projects.map(({ seconds }) => Math.min(...seconds));
  console.log(
    JSON.stringify(
      {
        images: counted,
        rounds,
        secondsWithTask: withTask,
        secondsWithoutTask: without,
        overheadPercent: 100 * (withTask / without - 1),
      },
      null,
      2,
    ),
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
