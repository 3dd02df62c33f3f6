import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes } from '../../../src-shared/base/units';
import type { QuantizeResult } from '../../../src-shared/contract/job-results';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import { defineCommand, EXIT_OK, present } from '../command';
import { choice, flag, text } from '../options';
import type { Block, Table } from '../output';
import { activationsOption } from '../shared-options';

export const quantize = defineCommand({
  name: 'quantize',
  summary: 'write the quantized model as ONNX',
  positionals: ['PROJECT'],
  usage: '--target T -o OUT.onnx [options]',
  options: {
    target: choice('T', TARGETS, TARGETS.join(', ')),
    variant: text(
      'V',
      'mixed (default: thresholds and precision plan of the project), int8 (only its thresholds), fp16, ' +
        'int8-minmax, mixed-entropy, ..., fp8 or w4 (INT4 weights)',
    ),
    output: text('OUT.onnx', 'file to write', { short: 'o' }),
    activations: activationsOption,
    io: choice('TYPE', ['fp32', 'fp16'], 'type of float inputs and outputs; fp16 suits engines between FP16 stages'),
    explain: flag('print why every layer got its precision'),
  },
  async run({ target, variant = 'mixed', output, activations, io, explain }, [project = ''], { runJob, print, note }) {
    if (target === undefined) throw new WorkbenchError('usage', `Expected --target ${TARGETS.join('|')}`);
    if (output === undefined) throw new WorkbenchError('usage', 'Expected -o OUT.onnx');
    const result = await runJob({
      kind: 'quantize',
      projectPath: resolve(project),
      target,
      variant,
      outPath: resolve(output),
      ...present({ activationType: activations, io }),
    });
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    print(result, ({ decisions }) => [summaryOf(result), ...(explain ? [decisionTable(decisions)] : [])]);
    return EXIT_OK;
  },
});

function summaryOf({ out, variant, chosenMethod, target, sizeBytes, nodes }: QuantizeResult): Block {
  const method = chosenMethod === undefined ? '' : ` (method best: ${chosenMethod})`;
  return (
    `${out}: ${variant}${method} for ${target}, ${formatBytes(sizeBytes)}, ${nodes.QuantizeLinear} ` +
    `QuantizeLinear, ${nodes.DequantizeLinear} DequantizeLinear, ${nodes.Cast} Cast`
  );
}

function decisionTable(decisions: QuantizeResult['decisions']): Table {
  return {
    columns: ['layer', 'op', 'runs in', 'code', 'tensor', 'why'].map((title) => ({ title })),
    rows: decisions.map(({ layer, op, precision, code, tensor = '', reason }) => [
      layer,
      op,
      precision,
      code,
      tensor,
      reason,
    ]),
  };
}
