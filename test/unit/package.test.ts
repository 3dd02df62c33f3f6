import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPO_ROOT } from '../support/shared';
import { useTempDirs } from '../support/temp-dir';

const tempDir = useTempDirs();

describe('the package', () => {
  it('has a scoped name, and holds what runs and no tests', () => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: REPO_ROOT,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    const [packed] = JSON.parse(stdout) as {
      readonly name: string;
      readonly files: readonly { readonly path: string }[];
    }[];
    expect(packed?.name).toMatch(/^@calibration-workbench\//);
    const files = packed?.files.map(({ path }) => path) ?? [];
    for (const path of [
      'out/main/calib.js',
      'out/main/compute-host.js',
      'out/renderer/index.html',
      'native/build.mjs',
      'native/binding.gyp',
      'resources/sample/plate_chars.onnx',
      'README.md',
    ])
      expect(files).toContain(path);
    expect(
      files.filter((path) => /^(test|src-|\.ci|build|node_modules)|\.test\.|\.tsbuildinfo|eslint|vitest/.test(path)),
    ).toEqual([]);
  });

  it('says what is missing, and succeeds, where the development packages are absent', () => {
    const dir = tempDir();
    cpSync(join(REPO_ROOT, 'resources/package'), join(dir, 'resources/package'), { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{}');
    const prepare = (): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [join(dir, 'resources/package/prepare.mjs')], { encoding: 'utf8' });
    expect(prepare()).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/not built[^]*npm install && npm run build/) as string,
    });
    mkdirSync(join(dir, 'out/main'), { recursive: true });
    writeFileSync(join(dir, 'out/main/calib.js'), '');
    expect(prepare()).toMatchObject({ status: 0, stderr: '' });
  });

  it("keeps onnxruntime-node's install script from the network unless it is asked", () => {
    const dir = tempDir();
    const own = join(dir, 'node_modules/@calibration-workbench/calib');
    const script = join(dir, 'node_modules/onnxruntime-node/script/install.js');
    cpSync(join(REPO_ROOT, 'resources/package'), join(own, 'resources/package'), { recursive: true });
    mkdirSync(join(script, '..'), { recursive: true });
    writeFileSync(join(own, 'package.json'), '{}');
    writeFileSync(join(script, '../../package.json'), '{}');
    writeFileSync(script, "'use strict';\nconsole.log('downloads');\n");
    const run = (path: string, environment: NodeJS.ProcessEnv = {}): string => {
      // Empty is unset to the script.
      const env: NodeJS.ProcessEnv = {
        ...process.env,
        ONNXRUNTIME_NODE_INSTALL: '',
        npm_config_onnxruntime_node_install: '',
        ...environment,
      };
      return spawnSync(process.execPath, [path], { encoding: 'utf8', env }).stdout;
    };
    expect(run(script)).toBe('downloads\n');
    for (let time = 0; time < 2; time += 1) {
      run(join(own, 'resources/package/preinstall.mjs'));
      expect(run(script)).toBe('');
      expect(run(script, { ONNXRUNTIME_NODE_INSTALL: 'cuda12' })).toBe('downloads\n');
    }
    expect(readFileSync(script, 'utf8').match(/process\.exit/g)).toHaveLength(1);
  });
});
