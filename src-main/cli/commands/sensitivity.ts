import { resolve } from 'node:path';
import {
  formatAccuracy,
  formatCount,
  formatDb,
  formatDuration,
  formatSignificant,
} from '../../../src-shared/base/units';
import type { SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { SENSITIVITY_KINDS, SENSITIVITY_METRICS } from '../../../src-shared/domain/analysis/analysis';
import { TARGETS } from '../../../src-shared/domain/project/precision';
import type { SensitivitySpec } from '../../../src-shared/contract/job-specs';
import { announceCost } from '../analysis-text';
import { EXIT_OK, oneOf, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable } from '../text-table';

const MEANING = {
  cause: 'only this layer INT8, the rest FP32: who does the damage',
  visible: "all INT8, error at the layer's own output: where damage shows",
  release: 'all INT8 but this layer: what its release wins back',
} as const;

export const sensitivity: Command = {
  name: 'sensitivity',
  summary: 'which layers matter: cause, visible or release gain',
  usage: `Usage: calib sensitivity PROJECT [--kind cause|visible|release] [--metric M] [--set calibration|validation] [--limit N] [--layer GLOB] [--target T] [--threads N] [--json]
  --kind release   ${MEANING.release} (default)
         cause     ${MEANING.cause}
         visible   ${MEANING.visible}
  --metric M       sqnr (default), agreement, top1, worst-group; the last two need labels and use the validation set
  --limit N        images, spread evenly over the groups (default 64)
  --layer GLOB     these layers only`,
  async run(argv, { api, runJob, print, note }) {
    const flags = {
      kind: { type: 'string' },
      metric: { type: 'string' },
      set: { type: 'string' },
      limit: { type: 'string' },
      layer: { type: 'string' },
      target: { type: 'string' },
      threads: { type: 'string' },
    } as const;
    const { values, positionals } = parseFlags(argv, flags, { min: 1, max: 1, names: 'PROJECT' });
    const spec: SensitivitySpec = {
      kind: 'sensitivity',
      projectPath: resolve(positionals[0] ?? ''),
      ...present({
        question: oneOf('--kind', values.kind, SENSITIVITY_KINDS),
        metric: oneOf('--metric', values.metric, SENSITIVITY_METRICS),
        set: oneOf('--set', values.set, ['calibration', 'validation'] as const),
        limit: wholeNumber('--limit', values.limit, 1),
        layers: values.layer,
        target: oneOf('--target', values.target, TARGETS),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    };
    await announceCost(api, spec, note);
    const result = await runJob(spec);
    print(values.json ? toJson(result) : asText(result));
    return EXIT_OK;
  },
};

function asText(result: SensitivityResult): string {
  const { kind, metric, layers, baseline } = result;
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : formatAccuracy(value);
  const rows = layers.map(({ layer, op, score, sqnrDb, quality }) => [
    layer,
    op,
    formatSignificant(score),
    sqnrDb === null ? '' : formatDb(sqnrDb),
    percent(quality?.agreement),
    percent(quality?.top1),
    quality?.worstGroup ? `${quality.worstGroup.name} ${formatAccuracy(quality.worstGroup.top1)}` : '',
  ]);
  const head = `${kind}: ${MEANING[kind]}\nmetric ${metric}, ${formatCount(result.images)} ${result.set} images, ${formatCount(result.passes)} passes in ${formatDuration(result.seconds)}\n`;
  const base = `compared with ${kind === 'cause' ? 'FP32' : 'all INT8'}: ${baseline.sqnrDb === null ? 'no error' : `output SQNR ${formatDb(baseline.sqnrDb)}`}${baseline.top1 === null ? '' : `, top-1 ${formatAccuracy(baseline.top1)}`}\n`;
  const table = renderTable(
    [
      { title: 'layer' },
      { title: 'op' },
      { title: 'score', align: 'right' },
      { title: 'SQNR', align: 'right' },
      { title: 'agreement', align: 'right' },
      { title: 'top-1', align: 'right' },
      { title: 'worst group' },
    ],
    rows,
  );
  return `${head}${base}${table}`;
}
