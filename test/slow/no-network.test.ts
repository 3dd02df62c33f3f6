/**
 * What the workbench starts opens no connection and writes nothing into the user's folders, in a network namespace
 * without a route.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/shared';
import { writeTinyImages, writeTinyModel } from '../support/tiny-project';
import { initArguments } from '../support/project-fixture';

const hasNamespaces = process.platform === 'linux' && spawnSync('unshare', ['-rn', 'true']).status === 0;
const hasCompiler = spawnSync('cc', ['--version']).status === 0;

interface Traces {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly attempts: readonly string[];
  /** Files in the home and cache folders, relative. */
  readonly files: readonly string[];
}

describe.skipIf(!hasNamespaces || !hasCompiler)('without a network (needs unshare -rn and cc)', () => {
  let dir = '';
  let count = 0;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'calib-no-network-'));
    const compiled = spawnSync(
      'cc',
      ['-shared', '-fPIC', '-O1', '-o', join(dir, 'watch.so'), join(REPO_ROOT, 'test/support/connect-watch.c'), '-ldl'],
      { encoding: 'utf8' },
    );
    expect(compiled.stderr).toBe('');
    await writeTinyModel(join(dir, 'tiny.onnx'));
    await writeTinyImages(join(dir, 'images'), 12);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /**
   * Runs Node in a namespace of its own, with empty home and cache folders and without the variable that our processes
   * set.
   */
  function node(...args: readonly string[]): Traces {
    const home = join(dir, `home-${(count += 1)}`);
    const log = join(dir, `attempts-${count}`);
    mkdirSync(join(home, 'cache'), { recursive: true });
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
      CALIB_HOME: join(dir, 'calib-home'),
      LD_PRELOAD: join(dir, 'watch.so'),
      CONNECT_WATCH_LOG: log,
    };
    delete env['ORT_DISABLE_TELEMETRY'];
    const { status, stdout, stderr } = spawnSync('unshare', ['-rn', process.execPath, ...args], {
      encoding: 'utf8',
      env,
      timeout: 120_000,
    });
    const attempts = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
    return {
      status,
      stdout,
      stderr,
      attempts,
      files: readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name !== 'cache'),
    };
  }

  const calib = (...args: readonly string[]): Traces => node(join(REPO_ROOT, 'out/main/calib.js'), ...args);

  it('the watch sees connections, names and files of a process that makes them', () => {
    const socket = node('-e', "require('node:net').connect(9, '192.0.2.1').on('error', () => process.exit())");
    expect(socket.attempts).toEqual([expect.stringMatching(/connect inet$/)]);
    const name = node('-e', "require('node:dns').lookup('example.invalid', () => process.exit())");
    expect(name.attempts.join()).toContain('getaddrinfo example.invalid');
    const writer = node(
      '-e',
      "require('node:fs').writeFileSync(require('node:path').join(process.env.XDG_CACHE_HOME, 'device-id'), '')",
    );
    expect(writer.files).toEqual(['cache/device-id']);
  });

  it('every command leaves the network and the cache folder alone, in every process that it starts', () => {
    const project = join(dir, 'tiny.calib');
    const commands = [
      ['doctor'],
      ['inspect', join(dir, 'tiny.onnx')],
      initArguments({ model: join(dir, 'tiny.onnx'), images: join(dir, 'images'), project }),
      ['calibrate', project],
      ['validate', project, '--variants', 'fp32,int8'],
      ['sensitivity', project],
      ['bench', project],
      ['quantize', project, '--target', 'tensorrt', '-o', join(dir, 'out.onnx')],
    ];
    for (const command of commands) {
      const traces = calib(...command);
      expect(traces.status, `${command.join(' ')}: ${traces.stderr}`).toBe(0);
      expect({ command, attempts: traces.attempts, files: traces.files }).toEqual({ command, attempts: [], files: [] });
      if (command[0] === 'doctor') expect(traces.stdout).toMatch(/ONNX Runtime: [\d.]+, telemetry off/);
    }
  });

  it.each(['bench-host.js', 'gpu-probe.js', 'compute-host.js'])(
    '%s switches it off itself, whoever starts it',
    (entry) => {
      const host = join(REPO_ROOT, 'out/main', entry);
      const model = JSON.stringify(join(dir, 'tiny.onnx'));
      const variant = `{ variant: 'fp32', backend: 'ort-cpu', modelPath: ${model}, weightsDir: null, simulate: false, hasFp16: false }`;
      const open = `{ threads: 1, batch: 1, warmUpMs: 1, feeding: { fixedBatch: null, inputs: [{ name: 'input', dtype: 'float32', dims: [3, 16, 16], hasBatch: true }] }, variant: ${variant} }`;
      const request = (method: string, params: string): string =>
        `child.send({ type: 'request', id: 1, method: '${method}', params: ${params} })`;
      const first =
        entry === 'bench-host.js'
          ? request('open', open)
          : entry === 'compute-host.js'
            ? request('versions', '{}')
            : '';
      const script = `const child = require('node:child_process').fork(${JSON.stringify(host)}, ['{"provider":"webgpu","device":0}'], { serialization: 'advanced' });
      child.on('message', (message) => { if (message.type !== 'ready') { console.log(JSON.stringify(message)); child.kill('SIGKILL'); } });
      ${first}`;
      const traces = node('-e', script);
      expect(traces.stdout, traces.stderr).toMatch(/"type":"(found|failed|result)"/);
      if (entry !== 'gpu-probe.js') expect(traces.stdout).not.toContain('"failed"');
      expect({ attempts: traces.attempts, files: traces.files }).toEqual({ attempts: [], files: [] });
    },
  );
});
