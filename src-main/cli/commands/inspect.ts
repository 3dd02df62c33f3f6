import { formatCount, formatDb, formatPercent, formatSignificant } from '../../../src-shared/base/units';
import type { DlaMap } from '../../../src-shared/domain/engines/dla-map';
import type { ModelInspection, TensorDescription } from '../../../src-shared/domain/project/inspection';
import { defineCommand, EXIT_OK } from '../command';
import { flag } from '../options';
import type { Block } from '../output';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'show inputs, outputs, layers, what can be quantized, and warnings',
  positionals: ['MODEL.onnx'],
  options: {
    dla: flag('also which layers the DLA of a Jetson runs by its documented limits (not verified on hardware)'),
    weights: flag('also the INT8 error of the weights of every layer, and the range that they waste'),
  },
  async run({ dla, weights }, [modelPath = ''], { api, print }) {
    const asked = { ...(weights === true ? { weights } : {}), ...(dla === true ? { dla } : {}) };
    print(await api.inspectModel({ modelPath, ...asked }), asText);
    return EXIT_OK;
  },
});

function asText({ model, warnings, task, weights, dla }: ModelInspection): Block[] {
  const ops = Object.entries(model.ops).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const macs = model.macs === undefined ? '' : `, ${formatCount(model.macs)} multiply-accumulate operations`;
  return [
    `${model.path}: opset ${model.opset}, IR ${model.ir}${model.producer === '' ? '' : `, by ${model.producer}`}`,
    ...model.inputs.map((tensor) => `  input   ${describe(tensor)}`),
    ...model.outputs.map((tensor) => `  output  ${describe(tensor)}`),
    `  ${model.layers} layers, ${model.quantizable} of them can be quantized: ` +
      ops.map(([op, count]) => `${op} ${count}`).join(', '),
    `  ${formatCount(model.parameters)} parameters${macs}`,
    ...(model.sparsity === undefined ? [] : [`  ${sparsityText(model.sparsity)}`]),
    ...(task?.notes ?? []).map((sentence) => `  task: ${sentence}`),
    ...warnings.map((warning) => `  warning (${warning.code}): ${warning.message}`),
    ...(weights === undefined ? [] : weightsTable(weights)),
    ...(dla === undefined ? [] : dlaTable(dla)),
  ];
}

function dlaTable({ layers, regions, transitions, scales, sharedScales, notes, source }: DlaMap): Block[] {
  const onDla = layers.filter(({ device }) => device === 'dla').length;
  return [
    `DLA, unverified on hardware (${source}): ${onDla} of ${layers.length} layers on DLA in ${regions.length} regions, ` +
      `${transitions.length} tensors change the device, ${scales.length} need a scale, ${sharedScales.length} groups share one`,
    ...notes.map((note) => `  ${note}`),
    {
      columns: [
        { title: 'layer' },
        { title: 'op' },
        { title: 'device' },
        { title: 'region', align: 'right' },
        { title: 'reason' },
      ],
      rows: layers.map(({ layer, op, device, region, reason }) => [
        layer,
        op,
        device.toUpperCase(),
        region === null ? '' : String(region + 1),
        reason,
      ]),
    },
  ];
}

function sparsityText({ candidates, layers }: NonNullable<ModelInspection['model']['sparsity']>): string {
  const of = `of the ${formatCount(candidates)} layers that sparse kernels could compute`;
  if (layers.length === 0) return `2:4 sparsity: none ${of}`;
  if (layers.length === candidates) return `2:4 sparsity: all ${of}`;
  return `2:4 sparsity: ${formatCount(layers.length)} ${of}: ${layers.join(', ')}`;
}

function weightsTable(weights: NonNullable<ModelInspection['weights']>): Block[] {
  const db = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : formatDb(value);
  return [
    'INT8 weights, one threshold per output channel; wasted: the part of the range that the threshold with the ' +
      'smallest squared error leaves out; inputs: range of the largest input channel over that of the middle one; 2:4: groups of four weights with two ' +
      'zeros',
    {
      columns: [
        { title: 'layer' },
        ...['channels', 'SQNR', 'SQNR (mse)', 'worst channel', 'its SQNR', 'wasted', 'inputs', '2:4'].map(
          (title) => ({ title, align: 'right' }) as const,
        ),
      ],
      rows: weights.map(({ layer, amax, totalSqnrDb, worstChannel, sqnrDb, wastedRange, inputSpread, sparseShare }) => [
        layer,
        formatCount(amax.length),
        db(totalSqnrDb.minmax),
        db(totalSqnrDb.mse),
        worstChannel === null ? '' : String(worstChannel),
        worstChannel === null ? '' : db(sqnrDb.minmax[worstChannel]),
        formatPercent(100 * wastedRange),
        inputSpread === undefined ? '' : `${formatSignificant(inputSpread)}x`,
        sparseShare === undefined ? '' : formatPercent(100 * sparseShare),
      ]),
    },
  ];
}

function describe(tensor: TensorDescription): string {
  return (
    `${tensor.name}  ${tensor.dtype} ` + (tensor.shape === null ? 'of unknown rank' : `[${tensor.shape.join(', ')}]`)
  );
}
