import type { Command } from '../command';
import { EXIT_OK, parseFlags, toJson } from '../command';
import { formatCount } from '../../../src-shared/base/units';
import type { TensorDescription } from '../../../src-shared/domain/project/inspection';
import { oneLine } from '../terminal-text';

export const inspect: Command = {
  name: 'inspect',
  summary: 'inputs, outputs, layers, what can be quantized, warnings',
  usage: 'Usage: calib inspect MODEL.onnx [--json]',
  async run(argv, { api, print }) {
    const { values, positionals } = parseFlags(argv, {}, { min: 1, max: 1, names: 'MODEL.onnx' });
    const inspection = await api.inspectModel({ modelPath: positionals[0] ?? '' });
    if (values.json) {
      print(toJson(inspection));
      return EXIT_OK;
    }
    const { model, warnings } = inspection;
    const ops = Object.entries(model.ops).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const line = (text: string): void => print(oneLine(text));
    line(`${model.path}: opset ${model.opset}, IR ${model.ir}${model.producer === '' ? '' : `, by ${model.producer}`}`);
    for (const tensor of model.inputs) line(`  input   ${describe(tensor)}`);
    for (const tensor of model.outputs) line(`  output  ${describe(tensor)}`);
    line(
      `  ${model.layers} layers, ${model.quantizable} of them can be quantized: ${ops.map(([op, count]) => `${op} ${count}`).join(', ')}`,
    );
    line(
      `  ${formatCount(model.parameters)} parameters${model.macs === undefined ? '' : `, ${formatCount(model.macs)} multiply-accumulate operations`}`,
    );
    for (const warning of warnings) line(`  warning (${warning.code}): ${warning.message}`);
    return EXIT_OK;
  },
};

function describe(tensor: TensorDescription): string {
  return `${tensor.name}  ${tensor.dtype} ${tensor.shape === null ? 'of unknown rank' : `[${tensor.shape.join(', ')}]`}`;
}
