import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ThresholdTable } from '../../src-shared/contract/views';
import type { QuantizeResult } from '../../src-shared/contract/job-results';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import { DataType } from '../../src-main/onnx/graph/model';
import { defaultOpset } from '../../src-main/onnx/graph/opset';
import { readModel } from '../../src-main/onnx/wire/wire-reader';
import { calib, calibJson } from '../support/calib-process';
import { useCalibratedProject } from '../support/project-fixture';

const { dir, project } = useCalibratedProject({ images: 48, calibrate: ['--tensorrt-grid', '8'] });

describe('thresholds --costs', () => {
  it("has TensorRT's threshold beside ours, for all values and for each group", async () => {
    const { tensors } = await calibJson<ThresholdTable>('thresholds', project, '--costs', '--tensor', 'r0');
    expect(tensors.map(({ name }) => name)).toEqual(['r0']);
    const costs = tensors[0]?.costs ?? [];
    for (const method of ['minmax', 'entropy', 'entropy-tensorrt'] as const) {
      expect(costs.filter((cost) => cost.method === method).map(({ group }) => group)).toEqual([null, 'day', 'night']);
    }
    // Night is darker: what clips at all clips the day.
    const clipped = (group: string) =>
      costs.find((cost) => cost.method === 'percentile' && cost.group === group)?.clippedFraction ?? 0;
    expect(clipped('day')).toBeGreaterThan(clipped('night'));
    expect(costs.filter((cost) => cost.method === 'minmax').every(({ clippedFraction }) => clippedFraction === 0)).toBe(
      true,
    );
  });

  it('is a table of methods and groups, and says when no tensor is meant', async () => {
    const { stdout } = await calib('thresholds', project, '--costs');
    expect(stdout.split('\n')[0]).toMatch(
      /tensor\s+method\s+threshold\s+SQNR all\s+clipped all\s+SQNR day\s+clipped day\s+SQNR night\s+clipped night/,
    );
    const { code, stderr } = await calib('thresholds', project, '--tensor', 'nothing');
    expect(code).toBe(2);
    expect(stderr).toContain('No calibrated tensor matches "nothing"');
  });
});

describe('quantize --target tensorrt', () => {
  it('counts what is in the file, and gives it FP16 inputs and outputs on request', async () => {
    const out = join(dir, 'half.onnx');
    const { nodes } = await calibJson<QuantizeResult>(
      'quantize',
      project,
      '--target',
      'tensorrt',
      '--variant',
      'int8',
      '--io',
      'fp16',
      '-o',
      out,
    );
    const model = readModel(out);
    expect(defaultOpset(model)).toBe(19);
    for (const info of [...model.graph.input, ...model.graph.output])
      expect([info.name, info.tensorType?.elemType]).toEqual([info.name, DataType.FLOAT16]);
    const count = (op: string): number => model.graph.node.filter((node) => node.opType === op).length;
    expect({ QuantizeLinear: count('QuantizeLinear'), DequantizeLinear: count('DequantizeLinear') }).toEqual({
      QuantizeLinear: nodes.QuantizeLinear,
      DequantizeLinear: nodes.DequantizeLinear,
    });
    // The weights are stored as integers: only activations are quantized at run time.
    expect(nodes.DequantizeLinear).toBe(nodes.QuantizeLinear + 2);
  });
});

describe('set', () => {
  it('remembers INT8 that is asked for by name, and expands a pattern to the layers that it matches', async () => {
    const { plan, target } = await calibJson<{ plan: PrecisionPlan; target: string }>(
      'set',
      project,
      '--layer',
      'hea?',
      '--precision',
      'int8',
      '--target',
      'tensorrt',
    );
    expect(target).toBe('tensorrt');
    expect(Object.values(plan.layers)).toEqual(['int8']);
    const { stdout } = await calib('set', project, '--layer', 'conv0', '--precision', 'fp16');
    const shown = await calib('show', project);
    expect(shown.stdout).toMatch(/^preprocessing {2}--resize 16x16 --order rgb/m);
    expect(shown.stdout).toMatch(/^plan .*conv0 fp16; fallback precision fp16$/m);
    expect(await calibJson('show', project)).toMatchObject({
      calibrated: true,
      target: 'tensorrt',
      plan: { layers: { conv0: 'fp16' } },
    });
    expect(stdout).toContain('1 layer not INT8, 1 INT8 by name, target tensorrt');
  });

  it('gives layers back to the rules of the target, and knows the fallback precision by both names', async () => {
    type Answer = { readonly plan: PrecisionPlan & { readonly rest?: string } };
    const released = await calibJson<Answer>('set', project, '--layer', '*', '--precision', 'auto', '--rest', 'fp32');
    expect(released.plan).toEqual({ layers: {}, fallbackPrecision: 'fp32', rest: 'fp32' });
    const { plan } = await calibJson<Answer>('set', project, '--fallback', 'fp16');
    expect(plan).toEqual({ layers: {}, fallbackPrecision: 'fp16', rest: 'fp16' });
  });
});
