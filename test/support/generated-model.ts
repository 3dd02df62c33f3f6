import { layerId } from '../../src-shared/base/brand';
import type { LayerView, ModelView, ThresholdRow, ThresholdTable } from '../../src-shared/contract/views';
import type { PlacementDecision, Precision, PrecisionPlan } from '../../src-shared/domain/project/precision';
import { choiceOf, precisionOf } from '../../src-shared/domain/project/precision';
import { createRandom } from './random';

/**
 * A model of `count` layers made of residual blocks (Conv, Relu, Conv, Add, Relu), every eighth with a Concat of two
 * branches, and a head; decisions follow `plan` as the ONNX Runtime target would explain them. The same every time.
 */
export function generatedModel(count: number, plan: PrecisionPlan = { layers: {} }): ModelView {
  const builder = new ModelBuilder(plan);
  let current = builder.add('Conv', ['input'], [64, 3, 7, 7]);
  let block = 0;
  while (builder.layers.length < count - 6) {
    current = ++block % 8 === 0 ? branches(builder, current) : residual(builder, current);
  }
  while (builder.layers.length < count - 3) current = builder.add('Relu', [current]);
  current = builder.add('GlobalAveragePool', [current]);
  current = builder.add('Flatten', [current]);
  current = builder.add('Gemm', [current], [1000, 512]);
  return {
    inputs: ['input'],
    outputs: [current],
    layers: builder.layers,
    calibrationTensors: ['input', ...builder.layers.flatMap((layer) => layer.outputs)],
  };
}

/** A threshold row for every tensor; one in eleven is clipped hard. */
export function generatedThresholds(model: ModelView, seed = 7): ThresholdTable {
  const random = createRandom(seed);
  const tensors = model.calibrationTensors.map((name, index): ThresholdRow => {
    const isBad = index % 11 === 5;
    const amax = 1 + 20 * random();
    const threshold = amax * (isBad ? 0.3 : 0.9);
    return {
      name,
      amax,
      methods: { minmax: amax, entropy: threshold },
      method: 'entropy',
      threshold,
      scale: Math.fround(threshold / 127),
      sqnrDb: isBad ? 12 + 6 * random() : 28 + 14 * random(),
      clippedFraction: isBad ? 0.02 * random() : 0.0005 * random(),
    };
  });
  return { method: 'entropy', tensors };
}

function residual(builder: ModelBuilder, input: string): string {
  const first = builder.add('Conv', [input], [64, 64, 3, 3]);
  const second = builder.add('Conv', [builder.add('Relu', [first])], [64, 64, 3, 3]);
  return builder.add('Relu', [builder.add('Add', [second, input])]);
}

function branches(builder: ModelBuilder, input: string): string {
  const left = builder.add('Relu', [builder.add('Conv', [input], [32, 64, 1, 1])]);
  const right = builder.add('Relu', [builder.add('Conv', [input], [32, 64, 3, 3])]);
  return builder.add('Concat', [left, right]);
}

class ModelBuilder {
  readonly layers: LayerView[] = [];
  private readonly producers = new Map<string, LayerView>();

  constructor(private readonly plan: PrecisionPlan) {}

  add(op: string, inputs: readonly string[], weightShape: readonly number[] | null = null): string {
    const layer = `${op.toLowerCase()}_${this.layers.length}`;
    const output = `${layer}_out`;
    const planned = precisionOf(this.plan, layerId(layer));
    const view: LayerView = {
      layer,
      op,
      inputs,
      outputs: [output],
      weightShape,
      parameters:
        weightShape === null ? 0 : weightShape.reduce((product, size) => product * size, 1) + (weightShape[0] ?? 0),
      choice: choiceOf(this.plan, layer),
      planned,
      decision: this.decide(layer, op, planned),
      edges: inputs.flatMap((tensor) => this.edge(layer, op, { tensor, planned })),
      fp16Hazards: [],
    };
    this.layers.push(view);
    this.producers.set(output, view);
    return output;
  }

  private decide(layer: string, op: string, planned: Precision): PlacementDecision {
    const of = (precision: Precision, code: string, reason: string): PlacementDecision => ({
      layer: layerId(layer),
      op,
      precision,
      code,
      reason,
    });
    if (planned !== 'int8')
      return of(planned, `plan-${planned}`, `the precision plan keeps this layer in ${planned.toUpperCase()}`);
    if (op === 'GlobalAveragePool') return of('fp32', 'pool-float', 'does not stand between quantized layers');
    if (op === 'Conv' || op === 'Gemm')
      return of('int8', 'quantized', 'INT8 inputs and weights, one weight scale per output channel');
    return of('int8', 'integer-kernel', 'between quantized layers: runs on integers and requantizes');
  }

  private edge(
    layer: string,
    op: string,
    from: { readonly tensor: string; readonly planned: Precision },
  ): PlacementDecision[] {
    const of = (precision: Precision, code: string, reason: string): PlacementDecision => ({
      layer: layerId(layer),
      op,
      precision,
      code,
      reason,
      tensor: from.tensor,
    });
    if (from.planned !== 'int8')
      return [of(from.planned, 'kept-float', `the plan keeps ${layer} out of INT8: it reads the float value`)];
    if (op === 'Add' && this.producers.get(from.tensor)?.op === 'Relu')
      return [of('int8', 'residual-shortcut', `shortcut of a residual Add: quantized so that ${layer} fuses`)];
    return op === 'Conv' || op === 'Gemm' ? [of('int8', 'quantized-input', `${op} computes with 8-bit integers`)] : [];
  }
}
