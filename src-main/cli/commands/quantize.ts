import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { PlacementDecision } from '../../../src-shared/domain/project/precision';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { formatBytes } from '../../../src-shared/base/units';
import { EXIT_OK, oneOf, parseFlags, present, toJson, type Command } from '../command';
import { renderTable } from '../text-table';

export const quantize: Command = {
  name: 'quantize',
  summary: 'writes the quantized model as ONNX',
  usage: `Usage: calib quantize PROJECT --target ${TARGETS.join('|')} [--variant V] -o OUT.onnx [--activations int8|uint8] [--io fp32|fp16] [--explain] [--json]
  --variant V     int8 (the project's thresholds), mixed (its precision plan too; the default), fp16, int8-minmax, mixed-entropy, ...
  --activations   uint8: asymmetric activations, target onnxruntime only
  --io fp16       the model's float inputs and outputs in FP16, for engines that are fed by FP16 stages
  --explain       print why every layer got its precision`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      {
        target: { type: 'string' },
        variant: { type: 'string' },
        output: { type: 'string', short: 'o' },
        activations: { type: 'string' },
        io: { type: 'string' },
        explain: { type: 'boolean' },
      },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const target = oneOf('--target', values.target, TARGETS);
    if (target === undefined) throw new WorkbenchError('usage', `Expected --target ${TARGETS.join('|')}`);
    if (values.output === undefined) throw new WorkbenchError('usage', 'Expected -o OUT.onnx');
    const result = await runJob({
      kind: 'quantize',
      projectPath: resolve(positionals[0] ?? ''),
      target,
      variant: values.variant ?? 'mixed',
      outPath: resolve(values.output),
      ...present({
        activationType: oneOf('--activations', values.activations, ['int8', 'uint8'] as const),
        io: oneOf('--io', values.io, ['fp32', 'fp16'] as const),
      }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    if (values.json) {
      print(toJson(result));
      return EXIT_OK;
    }
    const { nodes } = result;
    print(
      `${result.out}: ${result.variant}${result.chosenMethod === undefined ? '' : ` (method best: ${result.chosenMethod})`} for ${result.target}, ${formatBytes(result.sizeBytes)}, ` +
        `${nodes.QuantizeLinear} QuantizeLinear, ${nodes.DequantizeLinear} DequantizeLinear, ${nodes.Cast} Cast`,
    );
    if (values.explain) print(explain(result.decisions));
    return EXIT_OK;
  },
};

function explain(decisions: readonly PlacementDecision[]): string {
  const rows = decisions.map((decision) => [
    decision.layer,
    decision.op,
    decision.precision,
    decision.code,
    decision.tensor ?? '',
    decision.reason,
  ]);
  return renderTable(
    [
      { title: 'layer' },
      { title: 'op' },
      { title: 'runs in' },
      { title: 'code' },
      { title: 'tensor' },
      { title: 'why' },
    ],
    rows,
  );
}
