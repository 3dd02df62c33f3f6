import { resolve } from 'node:path';
import { formatDuration, formatPercent } from '../../../src-shared/base/units';
import type { EngineSummary } from '../../../src-shared/domain/engines/engine-layers';
import { EXIT_OK, parseFlags, toJson, type Command } from '../command';
import { renderTable } from '../text-table';
import {
  DEVICES_OPTIONS,
  DEVICES_USAGE,
  deviceText,
  parseDevicesFlags,
  parseVariantFlags,
  VARIANT_OPTIONS,
  VARIANT_USAGE,
} from '../variant-flags';

export const build: Command = {
  name: 'build',
  summary: 'builds engines of variants for a backend',
  usage: `Usage: calib build PROJECT [--backend B] [--variants LIST] [--target T] [--json]\n${VARIANT_USAGE}\n${DEVICES_USAGE}`,
  async run(argv, { runJob, print, note }) {
    const { values, positionals } = parseFlags(
      argv,
      { ...VARIANT_OPTIONS, ...DEVICES_OPTIONS },
      { min: 1, max: 1, names: 'PROJECT' },
    );
    const result = await runJob({
      kind: 'build',
      projectPath: resolve(positionals[0] ?? ''),
      ...parseVariantFlags(values),
      ...parseDevicesFlags(values),
    });
    if (values.json) {
      print(toJson(result));
      return EXIT_OK;
    }
    for (const warning of result.warnings) note(`warning: ${warning.message}`);
    const onDevices = result.engines.some(({ device }) => device !== undefined);
    const rows = result.engines.map((engine) => [
      ...(onDevices ? [deviceText(engine.device)] : []),
      engine.variant,
      engine.sizeMb.toFixed(2),
      engine.built ? formatDuration(engine.seconds) : 'kept',
      layersText(engine.summary),
      engine.path,
    ]);
    print(
      renderTable(
        [
          ...(onDevices ? [{ title: 'GPU' }] : []),
          { title: 'variant' },
          { title: 'size MB', align: 'right' },
          { title: 'built in', align: 'right' },
          { title: 'layers' },
          { title: 'engine' },
        ],
        rows,
      ),
    );
    return EXIT_OK;
  },
};

/** What TensorRT made of the layers; empty for engines of ONNX Runtime. */
function layersText(summary: EngineSummary | undefined): string {
  if (summary === undefined) return '';
  const { layers, reformats, reformatMs, totalMs } = summary;
  const share =
    reformatMs === null || totalMs === null || totalMs === 0
      ? ''
      : ` (${formatPercent((100 * reformatMs) / totalMs)} of the time)`;
  return `${layers.int8} INT8, ${layers.fp16} FP16, ${layers.fp32} FP32, ${reformats} reformats${share}`;
}
