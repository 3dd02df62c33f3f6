import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CalibrationIndex } from '../../src-main/calibration/histograms/calibration-index';
import { DataType } from '../../src-main/onnx/graph/model';
import { floatTensor, intsAttr, makeModel, makeNode, makeValueInfo } from '../../src-main/onnx/graph/make';
import { readModel } from '../../src-main/onnx/wire/wire-reader';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import type { CalibrateResult, QuantizeResult, ValidateResult } from '../../src-shared/contract/job-results';
import { calibJson } from '../support/calib-process';
import { initArguments } from '../support/project-fixture';
import { createRandom } from '../support/random';

/** Names that are properties of every object. */
const GROUPS = ['__proto__', 'constructor', 'day'];
const CLASSES = ['__proto__', 'toString', 'valueOf'];
const SIDE = 8;
const IMAGES_EACH = 4;

let dir = '';
let project = '';

/** Conv-Relu-Conv-GlobalAveragePool-Flatten-Gemm whose tensors and layers have such names, outputs included. */
async function writeNamedModel(path: string): Promise<void> {
  const random = createRandom(5);
  const weights = (count: number): number[] => Array.from({ length: count }, () => random() - 0.5);
  const kernel = { attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])] };
  const graph = {
    name: 'names',
    node: [
      makeNode('Conv', ['hasOwnProperty', 'toLocaleString'], ['c0'], { name: '__proto__', ...kernel }),
      makeNode('Relu', ['c0'], ['__proto__'], { name: 'constructor' }),
      makeNode('Conv', ['__proto__', 'isPrototypeOf'], ['constructor'], { name: 'toString', ...kernel }),
      makeNode('GlobalAveragePool', ['constructor'], ['toString'], { name: 'valueOf' }),
      makeNode('Flatten', ['toString'], ['f'], { name: 'flatten' }),
      makeNode('Gemm', ['f', 'w'], ['valueOf'], { name: 'hasOwnProperty' }),
    ],
    initializer: [
      floatTensor('toLocaleString', [8, 3, 3, 3], weights(216)),
      floatTensor('isPrototypeOf', [8, 8, 3, 3], weights(576)),
      floatTensor('w', [8, 3], weights(24)),
    ],
    input: [makeValueInfo('hasOwnProperty', DataType.FLOAT, ['N', 3, SIDE, SIDE])],
    output: [
      makeValueInfo('valueOf', DataType.FLOAT, ['N', CLASSES.length]),
      makeValueInfo('__proto__', DataType.FLOAT, ['N', 8, SIDE, SIDE]),
    ],
    valueInfo: [],
  };
  await writeModel(makeModel(graph, 17), path);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calib-names-'));
  await writeNamedModel(join(dir, 'names.onnx'));
  const random = createRandom(6);
  for (const group of GROUPS) {
    for (const label of CLASSES) {
      mkdirSync(join(dir, 'images', group, label), { recursive: true });
      for (let i = 0; i < IMAGES_EACH; i += 1) {
        const pixels = Buffer.from(Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(random() * 256)));
        await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .png()
          .toFile(join(dir, 'images', group, label, `${i}.png`));
      }
    }
  }
  project = join(dir, 'p.calib');
  const sets = { model: join(dir, 'names.onnx'), images: join(dir, 'images'), project };
  await calibJson(...initArguments(sets, '--scale', '1/255'));
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('images of groups with such names are all counted, in tensors with such names', async () => {
  const total = GROUPS.length * CLASSES.length * IMAGES_EACH;
  expect(await calibJson<CalibrateResult>('calibrate', project)).toMatchObject({ images: total, groups: GROUPS });
  const [key = ''] = readdirSync(join(project, 'calibration')).filter((name) => !name.includes('.'));
  const index = JSON.parse(readFileSync(join(project, 'calibration', key, 'index.json'), 'utf8')) as CalibrationIndex;
  const elements = Object.fromEntries(index.tensors.map((tensor) => [tensor.name, tensor.elements]));
  expect(elements).toMatchObject({ hasOwnProperty: total * 3 * SIDE * SIDE, f: total * 8 });
  expect(index.tensors.find(({ name }) => name === '__proto__')?.elements).toBe(total * 8 * SIDE * SIDE);
});

it('thresholds, methods and precisions are set by such names and come back', async () => {
  await calibJson('set', project, '--tensor', '__proto__', '--threshold', '0.5');
  await calibJson('set', project, '--tensor', 'hasOwnProperty', '--method', 'minmax');
  await calibJson('set', project, '--layer', 'toString', '--precision', 'fp32');
  const { tensors } = await calibJson<{
    readonly tensors: readonly { readonly name: string; readonly method: string; readonly threshold: number }[];
  }>('thresholds', project);
  expect(tensors.find(({ name }) => name === '__proto__')).toMatchObject({ method: 'manual', threshold: 0.5 });
  expect(tensors.find(({ name }) => name === 'hasOwnProperty')).toMatchObject({ method: 'minmax' });
  const file = JSON.parse(readFileSync(join(project, 'project.json'), 'utf8')) as {
    readonly tensorMethods: object;
    readonly plan: { readonly layers: object };
  };
  expect(Object.entries(file.tensorMethods)).toEqual([
    ['__proto__', 'manual'],
    ['hasOwnProperty', 'minmax'],
  ]);
  expect(Object.entries(file.plan.layers)).toEqual([['toString', 'fp32']]);
  await calibJson('set', project, '--layer', 'toString', '--precision', 'auto');
});

it.each(['onnxruntime', 'tensorrt'])('is quantized for target %s with the threshold that was set', async (target) => {
  const out = join(dir, `${target}.onnx`);
  const result = await calibJson<QuantizeResult>(
    'quantize',
    project,
    '--target',
    target,
    '--variant',
    'int8',
    '-o',
    out,
  );
  expect(result.decisions.filter(({ precision }) => precision === 'int8').map(({ layer }) => layer)).toContain(
    '__proto__',
  );
  expect(readModel(out).graph.output.map(({ name }) => name)).toEqual(['valueOf', '__proto__']);
});

it('validation tells groups and classes with such names, and compares outputs with such names', async () => {
  const { variants } = await calibJson<ValidateResult>('validate', project, '--variants', 'fp32,int8');
  for (const variant of variants) {
    expect(Object.entries(variant.groups).map(([name, { images }]) => [name, images])).toEqual(
      GROUPS.map((name) => [name, CLASSES.length * IMAGES_EACH]),
    );
    expect(variant.classes.map(({ name }) => name)).toEqual(CLASSES);
  }
  expect(variants[1]?.outputs.map(({ name }) => name)).toEqual(['valueOf', '__proto__']);
  expect(variants[1]?.outputs.every(({ sqnrDb }) => sqnrDb !== null)).toBe(true);
});
