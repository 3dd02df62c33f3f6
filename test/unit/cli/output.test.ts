import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { oneLine, severalLines } from '../../../src-main/cli/output';
import { DataType } from '../../../src-main/onnx/graph/model';
import { floatTensor, intsAttr, makeModel, makeNode, makeValueInfo } from '../../../src-main/onnx/graph/make';
import { writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calib, type CalibOutcome } from '../../support/calib-process';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyImages } from '../../support/tiny-project';

const HOSTILE = 'a\u001b]0;owned\u0007\u001b[2J\n\r\tb\u009b31m\u202e\u2066\u2028c\u007f';
const STEERING = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

describe('text for a terminal', () => {
  it('shows what would steer it, and leaves all other text alone', () => {
    expect(oneLine(HOSTILE)).toBe(
      'a\\u001b]0;owned\\u0007\\u001b[2J\\u000a\\u000d\\u0009b\\u009b31m\\u202e\\u2066\\u2028c\\u007f',
    );
    expect(oneLine('Größe 夜 👩‍🔬 עברית − █')).toBe('Größe 夜 👩‍🔬 עברית − █');
    expect(severalLines('a\nb\u001b[1m')).toBe('a\nb\\u001b[1m');
  });

  it('keeps the meaning of a JSON document', () => {
    const value = { [HOSTILE]: [HOSTILE] };
    expect(JSON.parse(severalLines(JSON.stringify(value, null, 2)))).toEqual(value);
  });
});

describe('the command line', () => {
  const tempDir = useTempDirs();

  it('gives no control character of a name to the terminal, and the very name to --json', async () => {
    const dir = tempDir();
    const name = HOSTILE;
    const images = join(dir, 'images');
    mkdirSync(images);
    await writeTinyImages(images, 4);
    const pads = { attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1])] };
    await writeModel(
      makeModel(
        {
          name: HOSTILE,
          node: [
            makeNode('Conv', [name, 'w'], [`${name}0`], { name: `conv ${HOSTILE}`, ...pads }),
            makeNode('Conv', [`${name}0`, 'w'], [`${name}1`], { name: 'second', ...pads }),
          ],
          initializer: [
            floatTensor(
              'w',
              [3, 3, 3, 3],
              Array.from({ length: 81 }, (_, i) => (i % 7) - 3),
            ),
          ],
          input: [makeValueInfo(name, DataType.FLOAT, [1, 3, 16, 16])],
          output: [makeValueInfo(`${name}1`, DataType.FLOAT, [1, 3, 16, 16])],
          valueInfo: [],
        },
        17,
      ),
      join(dir, 'm.onnx'),
    );
    const project = join(dir, 'p.calib');
    const clean = (outcome: CalibOutcome): CalibOutcome => {
      for (const text of [outcome.stdout, outcome.stderr])
        for (const line of text.split('\n')) expect(line).not.toMatch(STEERING);
      return outcome;
    };
    const inspected = clean(await calib('inspect', join(dir, 'm.onnx')));
    expect(
      inspected.stdout
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('owned')),
    ).toHaveLength(3); // input, output and task
    expect(JSON.parse(clean(await calib('inspect', join(dir, 'm.onnx'), '--json')).stdout)).toMatchObject({
      model: { inputs: [{ name }] },
    });
    expect(clean(await calib('init', join(dir, 'm.onnx'), '--calibration', images, '-o', project)).code).toBe(0);
    expect(clean(await calib('calibrate', project)).code).toBe(0);
    expect(clean(await calib('thresholds', project)).stdout).toContain('\\u001b');
    expect(clean(await calib('set', project, '--tensor', `no${HOSTILE}`, '--threshold', '1')).code).not.toBe(0);
    clean(await calib('quantize', project, '--target', 'tensorrt', '--explain', '-o', join(dir, 'out.onnx')));
  });
});
