import { formatCount } from '../../../src-shared/base/units';
import type { ModelInspection, TensorDescription } from '../../../src-shared/domain/project/inspection';
import { defineCommand, EXIT_OK } from '../command';
import type { Block } from '../output';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'show inputs, outputs, layers, what can be quantized, and warnings',
  positionals: ['MODEL.onnx'],
  options: {},
  async run(_values, [modelPath = ''], { api, print }) {
    print(await api.inspectModel({ modelPath }), asText);
    return EXIT_OK;
  },
});

function asText({ model, warnings, task }: ModelInspection): Block[] {
  const ops = Object.entries(model.ops).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const macs = model.macs === undefined ? '' : `, ${formatCount(model.macs)} multiply-accumulate operations`;
  return [
    `${model.path}: opset ${model.opset}, IR ${model.ir}${model.producer === '' ? '' : `, by ${model.producer}`}`,
    ...model.inputs.map((tensor) => `  input   ${describe(tensor)}`),
    ...model.outputs.map((tensor) => `  output  ${describe(tensor)}`),
    `  ${model.layers} layers, ${model.quantizable} of them can be quantized: ` +
      ops.map(([op, count]) => `${op} ${count}`).join(', '),
    `  ${formatCount(model.parameters)} parameters${macs}`,
    ...(task?.notes ?? []).map((sentence) => `  task: ${sentence}`),
    ...warnings.map((warning) => `  warning (${warning.code}): ${warning.message}`),
  ];
}

function describe(tensor: TensorDescription): string {
  return (
    `${tensor.name}  ${tensor.dtype} ` + (tensor.shape === null ? 'of unknown rank' : `[${tensor.shape.join(', ')}]`)
  );
}
