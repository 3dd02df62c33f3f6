/** Images from the field: watched, picked from a folder or a video, and judged by the gate on drift. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let dir = '';
let project = '';
const HAS_FFMPEG = spawnSync('ffmpeg', ['-version']).error === undefined;

/** Moves the images of a group out of their class folders into one folder. */
function flatten(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const label of readdirSync(from))
    for (const file of readdirSync(join(from, label))) renameSync(join(from, label, file), join(to, file));
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-field-'));
  project = join(dir, 'day.calib');
  await writeTinyModel(join(dir, 'tiny.onnx'));
  await writeTinyImages(join(dir, 'made'), 120);
  await writeTinyImages(join(dir, 'later'), 80, 5);
  // Calibrated on dark images only: bright ones are what lacks.
  mkdirSync(join(dir, 'calibration'));
  renameSync(join(dir, 'made/night'), join(dir, 'calibration/dark'));
  flatten(join(dir, 'later/night'), join(dir, 'arriving-dark'));
  flatten(join(dir, 'later/day'), join(dir, 'arriving-bright'));
  renameSync(join(dir, 'made/day'), join(dir, 'other-bright'));
  const sets = {
    model: join(dir, 'tiny.onnx'),
    images: join(dir, 'calibration'),
    validation: join(dir, 'other-bright'),
    project,
  };
  await calibJson(...initArguments(sets, '--scale', '1/255', '--mean', '0', '--std', '1'));
  await calibJson('set', project, '--method', 'minmax', '--target', 'onnxruntime');
  await calibJson('calibrate', project);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('calib watch', () => {
  it('judges what is there with --once; damaged images are named and never fatal', async () => {
    writeFileSync(join(dir, 'arriving-dark/broken.png'), 'not a picture');
    const metrics = join(dir, 'watch.prom');
    const { code, stdout, stderr } = await calib(
      ...[
        'watch',
        project,
        join(dir, 'arriving-dark'),
        '--once',
        '--settle',
        '0.1',
        '--metrics-file',
        metrics,
        '--json',
      ],
    );
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as { images: number; damaged: number; batches: { outcome: string }[] };
    expect(result).toMatchObject({ images: 40, damaged: 1 });
    expect(result.batches.map(({ outcome }) => outcome)).toEqual(['covered']);
    expect(stderr).toContain('broken.png cannot be read');
    expect(readFileSync(metrics, 'utf8')).toContain('calib_watch_damaged_images_total{project="day",group=""} 1\n');
  });

  it('ends with 3 at the first batch beyond the limit, and proposes the images to add', async () => {
    const list = join(dir, 'proposal.txt');
    const { code, stdout } = await calib(
      ...[
        'watch',
        project,
        join(dir, 'arriving-bright'),
        '--settle',
        '0.1',
        '--batch',
        '16',
        '--proposal',
        list,
        '--json',
      ],
    );
    expect(code).toBe(3);
    const { batches, proposal } = JSON.parse(stdout) as {
      batches: { outcome: string }[];
      proposal: { file: string }[];
    };
    expect(batches.map(({ outcome }) => outcome)).toEqual(['drifted']);
    expect(proposal.length).toBeGreaterThan(0);
    expect(readFileSync(list, 'utf8').trim().split('\n')).toEqual(
      proposal.map(({ file }) => `arriving-bright/${file}`),
    );
  });

  it('goes on with a webhook, serves metrics, waits for new files, and ends cleanly on SIGTERM', async () => {
    const calls: { driftAtLeast: number; proposal: unknown[] }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (data: Buffer) => (body += data.toString()));
      request.on('end', () => {
        calls.push(JSON.parse(body) as (typeof calls)[number]);
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const incoming = join(dir, 'incoming');
    mkdirSync(incoming);
    const running = startCalib([
      ...['watch', project, incoming, '--settle', '0.1', '--interval', '0.2', '--batch', '16', '--metrics-port', '0'],
      ...['--webhook', `http://127.0.0.1:${(server.address() as AddressInfo).port}/drift`],
    ]);
    let stderr = '';
    running.child.stderr?.on('data', (text: string) => (stderr += text));
    await running.stderrMatches(/watching/);
    const url = /metrics: (\S+)/.exec(stderr)?.[1] ?? '';
    for (const file of readdirSync(join(dir, 'arriving-bright')).slice(0, 16))
      writeFileSync(join(incoming, file), readFileSync(join(dir, 'arriving-bright', file)));
    await running.stderrMatches(/the webhook http:\/\/127.0.0.1:\d+ failed: status 500/);
    const metrics = await (await fetch(url)).text();
    running.child.kill('SIGTERM');
    expect((await running.outcome).code).toBe(0);
    server.close();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.driftAtLeast).toBeGreaterThan(0.65);
    expect(calls[0]?.proposal.length).toBeGreaterThan(0);
    expect(metrics).toContain('calib_watch_batches_total{project="day",group="",state="drifted"} 1\n');
    expect(metrics).toContain('calib_watch_webhook_failures_total{project="day"} 1\n');
  });
});

interface Picked {
  readonly picked: readonly { readonly file: string; readonly reason: string }[];
  readonly duplicates: number;
  readonly driftAtLeast: number;
  readonly distance: { readonly before: number; readonly after: number };
  readonly isComplete: boolean;
}

describe('calib pick', () => {
  it('covers a pool, so that a calibration with the picked images covers it too', async () => {
    const out = join(dir, 'calibration/bright');
    const result = await calibJson<Picked>('pick', project, join(dir, 'arriving-bright'), '-o', out);
    expect(result.driftAtLeast).toBeGreaterThan(0.65);
    expect(result.isComplete).toBe(true);
    expect(result.distance.after).toBeLessThanOrEqual(0.65);
    expect(result.picked.length).toBeLessThan(15);
    expect(result.picked[0]?.reason).toMatch(/calibrated: |hardly has/);
    expect(readdirSync(out)).toHaveLength(result.picked.length);
    await calibJson('calibrate', project);
    // Others of the same kind, not those that were picked from.
    const { code } = await calib('health', project, '--against', join(dir, 'other-bright'), '--max-drift', '0.65');
    rmSync(out, { recursive: true });
    await calibJson('calibrate', project);
    expect(code).toBe(0);
  });

  it.skipIf(!HAS_FFMPEG)('takes frames of a video, one of those that repeat each other', async () => {
    const video = join(dir, 'drive.mp4');
    const made = spawnSync(
      'ffmpeg',
      [
        ...['-v', 'error', '-f', 'lavfi', '-i', 'color=white:size=64x64:rate=5:duration=4'],
        ...['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=5:duration=4'],
        ...['-filter_complex', '[0][1]concat=n=2', '-pix_fmt', 'yuv420p', video],
      ],
      { encoding: 'utf8' },
    );
    expect(made.status, made.stderr).toBe(0);
    const out = join(dir, 'frames');
    const result = await calibJson<Picked>('pick', project, video, '--fps', '5', '-o', out, '--count', '4');
    expect(result.picked.length).toBeGreaterThan(0);
    expect(readdirSync(out).every((name) => /^\d+-\d{6}\.\d{3}s\.png$/.test(name))).toBe(true);
    expect(readdirSync(join(project, 'health')).some((name) => name.includes('frames'))).toBe(false);
  });

  it('says how to install ffmpeg where it is absent, with exit code 4', async () => {
    const video = join(dir, 'any.mp4');
    writeFileSync(video, 'video');
    const { outcome } = startCalib(['pick', project, video], { env: { PATH: dir } });
    const { code, stderr } = await outcome;
    expect(code).toBe(4);
    expect(stderr).toContain('needs the program ffmpeg');
    expect(stderr).toContain('apt-get install ffmpeg');
  });
});

it('the gate on drift judges the validation images, and a run says what history knows', async () => {
  await calibJson('set', project, '--gate', 'maxDrift=0.65');
  const { code, stdout } = await calib('run', project, '--variants', 'fp32,int8', '--rounds', '1', '--json');
  expect(code).toBe(3);
  const run = JSON.parse(stdout) as {
    gates: { name: string; state: string; value: number }[];
    readiness: { state: string; code: string };
    anomalies: { anomalies: unknown[]; tooFew: { runs: number }[] };
  };
  const gate = run.gates.find(({ name }) => name === 'maxDrift');
  expect(gate).toMatchObject({ state: 'missed' });
  expect(gate?.value).toBeGreaterThan(0.65);
  expect(run.readiness).toMatchObject({ state: 'refused', code: 'few-runs' });
  expect(run.anomalies.anomalies).toEqual([]);
  expect(run.anomalies.tooFew[0]?.runs).toBe(0);
});
