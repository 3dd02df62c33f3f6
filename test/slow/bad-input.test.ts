import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataType } from '../../src-main/onnx/graph/model';
import { floatTensor, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import type { CalibrateResult, ValidateResult } from '../../src-shared/contract/job-results';
import { calib, calibJson, startCalib } from '../support/calib-process';
import { REPO_ROOT } from '../support/shared';
import { tinyModel, writeTinyImages, writeTinyModel } from '../support/tiny-project';

let template = '';
let dir = '';

const init = (...flags: readonly string[]): ReturnType<typeof calib> =>
  calib('init', join(dir, 'tiny.onnx'), '--calibration', join(dir, 'images'), '-o', join(dir, 'p.calib'), ...flags);

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'calib-bad-'));
  await writeTinyModel(join(template, 'tiny.onnx'));
  await writeTinyImages(join(template, 'images'), 40);
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  dir = mkdtempSync(join(template, 'case-'));
  copyFileSync(join(template, 'tiny.onnx'), join(dir, 'tiny.onnx'));
  mkdirSync(join(dir, 'images'));
  for (let i = 0; i < 40; i++) {
    const group = i % 2 === 0 ? 'day' : 'night';
    const name = `${String(i).padStart(4, '0')}.png`;
    copyFileSync(join(template, 'images', group, 'abc'[i % 3] ?? 'a', name), join(dir, 'images', name));
  }
});

describe('images', () => {
  it('names, skips and counts corrupt, truncated, empty and huge images, and counts the others', async () => {
    writeFileSync(join(dir, 'images/corrupt.png'), 'this is no image');
    writeFileSync(join(dir, 'images/empty.png'), '');
    copyFileSync(join(dir, 'images/0000.png'), join(dir, 'images/cut.png'));
    truncateSync(join(dir, 'images/cut.png'), 200);
    // A PNG that claims 60000 x 60000 pixels.
    const huge = readFileSync(join(dir, 'images/0000.png'));
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    writeFileSync(join(dir, 'images/huge.png'), huge);
    await init();
    const result = await calibJson<CalibrateResult>('calibrate', join(dir, 'p.calib'));
    expect(result.images).toBe(40);
    expect(result.skipped.map((item) => item.file).sort()).toEqual(['corrupt.png', 'cut.png', 'empty.png', 'huge.png']);
    expect(result.warnings).toContainEqual(expect.objectContaining({ code: 'images-skipped' }));
  });

  it('refuses a folder without images', async () => {
    mkdirSync(join(dir, 'none'));
    const { code, stderr } = await calib(
      'init',
      join(dir, 'tiny.onnx'),
      '--calibration',
      join(dir, 'none'),
      '-o',
      join(dir, 'p.calib'),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/none/);
    expect(stderr).toMatch(/image/);
  });

  it('warns of fewer than 32 images', async () => {
    await init();
    const result = await calibJson<CalibrateResult>('calibrate', join(dir, 'p.calib'), '--limit', '31');
    expect(result.warnings).toContainEqual(expect.objectContaining({ code: 'few-images' }));
    const enough = await calibJson<CalibrateResult>('calibrate', join(dir, 'p.calib'), '--limit', '32');
    expect(enough.warnings).toEqual([]);
  });

  it('names the image that makes NaN or infinity and counts the rest', async () => {
    // 1 / x: an image with a zero pixel makes infinity; the network behind it then makes NaN.
    const tiny = tinyModel();
    const inverted = {
      ...tiny.graph,
      node: [
        makeNode('Reciprocal', ['input'], ['inverse'], { name: 'invert' }),
        ...tiny.graph.node.map((node) => ({
          ...node,
          input: node.input.map((name) => (name === 'input' ? 'inverse' : name)),
        })),
      ],
    };
    await writeModel({ ...tiny, graph: inverted }, join(dir, 'tiny.onnx'));
    await init('--mean', '-1', '--scale', '1/255');
    const fine = await calibJson<CalibrateResult>('calibrate', join(dir, 'p.calib'));
    expect(fine.warnings.filter((warning) => warning.code === 'activations-nan')).toEqual([]);
    rmSync(join(dir, 'p.calib'), { recursive: true });
    await init('--mean', '0');
    const { code, stderr } = await calib('calibrate', join(dir, 'p.calib'));
    expect(code).toBe(0);
    expect(stderr).toMatch(/\d{4}\.png makes NaN or infinity in \d+ tensors/);
  });
});

describe('models', () => {
  it('refuses what is not ONNX, truncated ONNX and a missing file', async () => {
    const cases: readonly (readonly [string, () => void, RegExp])[] = [
      ['text.onnx', () => writeFileSync(join(dir, 'text.onnx'), 'hello world, this is a text file'), /text\.onnx/],
      ['empty.onnx', () => writeFileSync(join(dir, 'empty.onnx'), ''), /empty\.onnx/],
      [
        'cut.onnx',
        () => {
          copyFileSync(join(dir, 'tiny.onnx'), join(dir, 'cut.onnx'));
          truncateSync(join(dir, 'cut.onnx'), 3_000);
        },
        /cut\.onnx/,
      ],
      ['absent.onnx', () => undefined, /absent\.onnx/],
    ];
    for (const [name, make, message] of cases) {
      make();
      const { code, stderr, stdout } = await calib('inspect', join(dir, name));
      expect([name, code]).toEqual([name, 1]);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/ {4}at /);
      expect(stdout).toBe('');
    }
  });

  it('says when channels do not fit', async () => {
    await writeTinyModel(join(dir, 'tiny.onnx'), { channels: 1 });
    const { code, stderr } = await init('--order', 'rgb');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Expected 1 .*channel/);
  });

  it('names an input type that it does not support', async () => {
    const model = makeModel(
      {
        name: 'text',
        node: [makeNode('Conv', ['input', 'w'], ['y'], { name: 'conv' })],
        initializer: [floatTensor('w', [16, 3, 3, 3], new Float32Array(432))],
        input: [makeValueInfo('input', DataType.STRING, ['N', 3, 16, 16])],
        output: [makeValueInfo('y', DataType.STRING, null)],
        valueInfo: [],
      },
      17,
    );
    await writeModel(model, join(dir, 'tiny.onnx'));
    const { code, stderr } = await init();
    expect(code).toBe(1);
    expect(stderr).toMatch(/string/i);
  });

  it('names an operator that ONNX Runtime does not know', async () => {
    const tiny = tinyModel();
    const graph = {
      ...tiny.graph,
      node: tiny.graph.node.map((node) => (node.name === 'relu1' ? { ...node, opType: 'FancyRelu' } : node)),
    };
    await writeModel({ ...tiny, graph }, join(dir, 'tiny.onnx'));
    await init();
    const { code, stderr } = await calib('calibrate', join(dir, 'p.calib'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/FancyRelu/);
  });

  it('notices that the model has changed since the project was made', async () => {
    await init();
    await writeTinyModel(join(dir, 'tiny.onnx'), { batch: 2 });
    const { code, stderr } = await calib('calibrate', join(dir, 'p.calib'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/has changed since the project p was made/);
  });
});

describe('projects', () => {
  it('refuses a project of a newer version and leaves it as it is', async () => {
    await init();
    const path = join(dir, 'p.calib/project.json');
    const newer = readFileSync(path, 'utf8').replace('"version": 1', '"version": 99');
    writeFileSync(path, newer);
    const { code, stderr } = await calib('set', join(dir, 'p.calib'), '--method', 'mse');
    expect(code).toBe(1);
    expect(stderr).toMatch(/version 99.*\n.*Update/);
    expect(readFileSync(path, 'utf8')).toBe(newer);
  });

  it('lets only one process work on a project', async () => {
    await init();
    const first = startCalib(['calibrate', join(dir, 'p.calib'), '--threads', '1']);
    await first.stderrMatches(/preparing|reading|collecting/);
    const second = await calib('set', join(dir, 'p.calib'), '--method', 'mse');
    expect((await first.outcome).code).toBe(0);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`process ${first.child.pid}`));
    expect((await calib('set', join(dir, 'p.calib'), '--method', 'mse')).code).toBe(0);
  });

  it('needs a calibration before thresholds and says how to get one', async () => {
    await init();
    const { code, stderr } = await calib('thresholds', join(dir, 'p.calib'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/Run: calib calibrate/);
  });

  it('does not overwrite an existing project', async () => {
    await init();
    const { code, stderr } = await init();
    expect(code).toBe(1);
    expect(stderr).toMatch(/exists already/);
  });
});

describe('places to write', () => {
  it.skipIf(process.getuid?.() === 0)('names an unwritable folder', async () => {
    chmodSync(dir, 0o500);
    const { code, stderr } = await init();
    chmodSync(dir, 0o700);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Cannot (write|make)/);
  });

  it('names a path whose parent is a file', async () => {
    writeFileSync(join(dir, 'file'), '');
    const { code, stderr } = await calib(
      'init',
      join(dir, 'tiny.onnx'),
      '--calibration',
      join(dir, 'images'),
      '-o',
      join(dir, 'file/p.calib'),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/file\/p\.calib/);
  });
});

describe('usage', () => {
  it('ends with 2 and shows the usage', async () => {
    const cases: readonly (readonly string[])[] = [
      ['calibrate'],
      ['calibrate', 'p.calib', '--threads', 'many'],
      ['calibrate', 'p.calib', '--shard', '3/2'],
      ['quantize', 'p.calib', '-o', 'x.onnx'],
      ['validate', 'p.calib', '--backend', 'abacus'],
      ['init', 'tiny.onnx'],
      ['set', 'p.calib'],
      ['thresholds', 'p.calib', '--metod', 'mse'],
    ];
    for (const args of cases) {
      const { code, stderr } = await calib(...args);
      expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
      expect(stderr).toMatch(/Usage: calib/);
    }
    expect((await calib('fly')).code).toBe(2);
  });

  it('names the nearest option and command', async () => {
    expect((await calib('validate', 'p.calib', '--limt', '3')).stderr).toContain(
      'There is no option --limt; the nearest is --limit',
    );
    expect((await calib('validate', 'p.calib', '--colour', 'red')).stderr).toMatch(/There is no option --colour\n/);
    expect((await calib('calibrat')).stderr).toContain('there is no command "calibrat"; the nearest is "calibrate"');
    expect(JSON.parse((await calib('calibrat', '--json')).stdout)).toMatchObject({ error: { code: 'usage' } });
  });

  it('refuses limits and percentiles that are surely meant otherwise, and an empty list of variants', async () => {
    await init();
    const project = join(dir, 'p.calib');
    for (const flags of [
      ['--gate', 'minTop1=0.97'],
      ['--gate', 'minTop1=150'],
      ['--percentile', '0.9999'],
      ['--tensor', 'r0', '--method', 'manual'],
      ['--tensor', 'r0', '--method', 'imported'],
    ]) {
      expect([flags.join(' '), (await calib('set', project, ...flags)).code]).toEqual([flags.join(' '), 2]);
    }
    expect((await calib('set', project, '--gate', 'maxTop1Drop=0.5', '--percentile', '99.9')).code).toBe(0);
    expect((await calib('validate', project, '--variants', '')).stderr).toContain(
      'Expected --variants to name at least one variant',
    );
    expect((await calib('run', project, '--search', '--variants', 'int8')).stderr).toContain('found only int8');
  });

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(
      'bash',
      ['-c', `set -o pipefail; "${process.execPath}" out/main/calib.js thresholds --help | true`],
      { cwd: REPO_ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(stderr).toBe('');
  });

  it('prints an error as one JSON document with --json', async () => {
    const { code, stdout } = await calib('inspect', join(dir, 'absent.onnx'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'not-found', message: expect.stringContaining('absent.onnx') as string },
    });
  });

  it('writes neither over the model of the project nor into the project', async () => {
    await init();
    const model = readFileSync(join(dir, 'tiny.onnx'));
    for (const out of [join(dir, 'tiny.onnx'), join(dir, 'p.calib/project.json'), join(dir, 'p.calib/new.onnx')]) {
      const { code, stderr } = await calib(
        'quantize',
        join(dir, 'p.calib'),
        '--target',
        'tensorrt',
        '--variant',
        'fp16',
        '-o',
        out,
      );
      expect([out, code]).toEqual([out, 2]);
      expect(stderr).toMatch(/is the model of the project|lies inside the project/);
    }
    expect(readFileSync(join(dir, 'tiny.onnx'))).toEqual(model);
  });

  it('refuses a method that has nothing to say', async () => {
    await init();
    expect((await calib('set', join(dir, 'p.calib'), '--method', 'manual')).code).toBe(2);
    expect((await calib('set', join(dir, 'p.calib'), '--method', 'imported')).stderr).toMatch(
      /No thresholds were imported/,
    );
  });

  it('leaves a folder that is no project untouched', async () => {
    const before = statSync(join(dir, 'images')).mtimeMs;
    expect((await calib('set', join(dir, 'images'), '--method', 'mse')).code).toBe(1);
    expect(statSync(join(dir, 'images')).mtimeMs).toBe(before);
  });

  it('ends with 4 for a backend that is not there', async () => {
    await init('--validation', join(dir, 'images'));
    const { code, stderr } = await calib('validate', join(dir, 'p.calib'), '--backend', 'tensorrt');
    expect(code).toBe(4);
    expect(stderr).toMatch(/calib doctor/);
  });
});

describe('things that move', () => {
  it('a project keeps its calibration when it moves with its model and images, and without the images', async () => {
    await init();
    await calib('calibrate', join(dir, 'p.calib'));
    mkdirSync(join(dir, 'new'));
    for (const name of ['tiny.onnx', 'images', 'p.calib']) renameSync(join(dir, name), join(dir, 'new', name));
    expect((await calib('thresholds', join(dir, 'new/p.calib'))).code).toBe(0);
    rmSync(join(dir, 'new/images'), { recursive: true });
    expect(
      (
        await calib(
          'quantize',
          join(dir, 'new/p.calib'),
          '--target',
          'tensorrt',
          '--variant',
          'int8',
          '-o',
          join(dir, 'out.onnx'),
        )
      ).code,
    ).toBe(0);
  });

  it('a model that moved is named, and only the same model is taken', async () => {
    await init();
    renameSync(join(dir, 'tiny.onnx'), join(dir, 'moved.onnx'));
    const lost = await calib('calibrate', join(dir, 'p.calib'));
    expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('calib set PROJECT --model PATH')]);
    await writeModel(tinyModel({ batch: 2 }), join(dir, 'other.onnx'));
    expect((await calib('set', join(dir, 'p.calib'), '--model', join(dir, 'other.onnx'))).code).toBe(1);
    expect(
      (await calib('set', join(dir, 'p.calib'), '--model', join(dir, 'moved.onnx'), '--order', 'bgr', '--mean', '0.5'))
        .code,
    ).toBe(0);
    const project = JSON.parse(readFileSync(join(dir, 'p.calib/project.json'), 'utf8')) as {
      readonly preprocessing: unknown;
    };
    expect(project.preprocessing).toMatchObject({ order: 'bgr', mean: [0.5], resize: { kind: 'stretch' } });
    expect((await calib('calibrate', join(dir, 'p.calib'))).code).toBe(0);
  });
});

describe('validation', () => {
  it('warns of folders that name fewer classes than the model has', async () => {
    for (const name of ['b', 'c']) mkdirSync(join(dir, 'some', name), { recursive: true });
    copyFileSync(join(dir, 'images/0000.png'), join(dir, 'some/b/0.png'));
    copyFileSync(join(dir, 'images/0001.png'), join(dir, 'some/c/1.png'));
    await init('--validation', join(dir, 'some'));
    const { warnings } = await calibJson<ValidateResult>('validate', join(dir, 'p.calib'), '--variants', 'fp32');
    expect(warnings).toContainEqual({
      code: 'labels-too-few',
      message: expect.stringContaining('name 2 classes (b, c), the model answers 3') as string,
    });
    writeFileSync(join(dir, 'some/labels.csv'), 'b/0.png,0\nc/1.png,7\n');
    const beyond = await calibJson<ValidateResult>('validate', join(dir, 'p.calib'), '--variants', 'fp32');
    expect(beyond.warnings).toContainEqual({
      code: 'labels-beyond',
      message: expect.stringContaining("labels beyond the model's 3 classes, the first c/1.png with 7") as string,
    });
  });

  it('skips and names an image that cannot be read, and compares without labels', async () => {
    writeFileSync(join(dir, 'images/zzz.png'), 'no image');
    await init('--validation', join(dir, 'images'));
    await calib('calibrate', join(dir, 'p.calib'));
    const result = await calibJson<ValidateResult>('validate', join(dir, 'p.calib'), '--variants', 'fp32,int8-minmax');
    expect(result).toMatchObject({ images: 40, labelled: false });
    expect(result.skipped.map((item) => item.file)).toEqual(['zzz.png']);
    const int8 = result.variants.find((variant) => variant.variant === 'int8-minmax');
    expect(int8?.agreement).toBeGreaterThan(50);
    expect(int8?.outputSqnrDb).toBeGreaterThan(10);
    expect(int8?.top1).toBeUndefined();
  });
});
