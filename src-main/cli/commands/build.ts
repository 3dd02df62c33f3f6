import { resolve } from 'node:path';
import { formatDuration, formatPercent } from '../../../src-shared/base/units';
import type { BuildResult } from '../../../src-shared/contract/job-results';
import type { EngineSummary } from '../../../src-shared/domain/engines/engine-layers';
import { defineCommand, EXIT_OK } from '../command';
import type { Block } from '../output';
import { DEVICES_OPTIONS, devicesSpec, deviceText, tuneOption, VARIANT_OPTIONS, variantSpec } from '../shared-options';

export const build = defineCommand({
  name: 'build',
  summary: 'build engines of variants for a backend',
  positionals: ['PROJECT'],
  options: { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS, tune: tuneOption },
  async run(values, [project = ''], { runJob, print, note, isJson }) {
    const result = await runJob({
      kind: 'build',
      projectPath: resolve(project),
      ...variantSpec(values),
      ...devicesSpec(values),
      ...(values.tune ? { tunes: true } : {}),
    });
    if (!isJson) for (const warning of result.warnings) note(`warning: ${warning.message}`);
    if (!isJson) for (const { variant, reason } of result.refused ?? []) note(`${variant} was not built: ${reason}.`);
    print(result, asText);
    return EXIT_OK;
  },
});

function asText({ engines, tuning }: BuildResult): Block[] {
  const onDevices = engines.some(({ device }) => device !== undefined);
  return [
    {
      columns: [
        ...(onDevices ? [{ title: 'GPU' }] : []),
        { title: 'variant' },
        { title: 'size MB', align: 'right' },
        { title: 'built in', align: 'right' },
        { title: 'layers' },
        { title: 'engine' },
      ],
      rows: engines.map((engine) => [
        ...(onDevices ? [deviceText(engine.device)] : []),
        engine.variant,
        engine.sizeMb.toFixed(2),
        engine.built ? formatDuration(engine.seconds) : 'kept',
        layersText(engine.summary),
        engine.path,
      ]),
    },
    ...(tuning === undefined ? [] : [tuning.summary]),
  ];
}

/** The layers of a TensorRT engine by precision; empty for engines of ONNX Runtime. */
function layersText(summary: EngineSummary | undefined): string {
  if (summary === undefined) return '';
  const { layers, reformats, reformatMs, totalMs } = summary;
  const share =
    reformatMs === null || totalMs === null || totalMs === 0
      ? ''
      : ` (${formatPercent((100 * reformatMs) / totalMs)} of the time)`;
  return `${layers.int8} INT8, ${layers.fp16} FP16, ${layers.fp32} FP32, ${reformats} reformats${share}`;
}
