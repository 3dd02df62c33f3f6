import { allInt8, releasedPlan } from '../../../src-shared/domain/project/precision';
import { resolve } from 'node:path';
import { formatAccuracy, formatMs, formatSignificant } from '../../../src-shared/base/units';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import {
  groupValue,
  worstNmse,
  type SearchPlan,
  type SearchResult,
  type TrialQuality,
} from '../../../src-shared/domain/analysis/analysis';
import { formatSpeed, speedAgainst } from '../../../src-shared/domain/runs/speed';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import { VARIANT_METHODS } from '../../../src-shared/domain/project/methods';
import { BACKENDS } from '../../../src-shared/domain/project/precision';
import { defineCommand, EXIT_GATE, EXIT_OK, present } from '../command';
import { choice, flag, realNumber, text, wholeNumber, type OptionSpec } from '../options';
import type { Block, Column } from '../output';
import { freshShardOption, runShard, SHARD_DETAILS, shardOptions } from '../shard-options';
import { MAX_BATCH, memoryLimitOption, targetOption, threadsOption } from '../shared-options';

const percentage = (description: string): OptionSpec<number> =>
  realNumber('X', description, 'a number from 0 to 100', (number) => number >= 0 && number <= 100);

export const search = defineCommand({
  name: 'search',
  summary: 'find the plan with the fewest FP16 layers that meets the accuracy limits',
  positionals: ['PROJECT'],
  threads: 'trials',
  options: {
    'max-drop': percentage(
      'points of the measure of the task (top-1, AP, mIoU) below FP32 (default: the gate of the project, else 0.5)',
    ),
    'worst-group-drop': percentage('the same for every group (default: the gate of the project, else 1)'),
    'max-layers': wholeNumber('N', 'move at most N layers to FP16', { min: 1 }),
    method: choice(
      'M',
      VARIANT_METHODS,
      `thresholds to search with: ${VARIANT_METHODS.join(', ')} (default: those in use, or those of another ` +
        'method if it is clearly better)',
    ),
    against: text('PATH', 'rank and judge on these unlabelled images from the field (folder or list)'),
    'max-error': percentage('without labels: largest output error, noise to signal (default: 0.02)'),
    limit: wholeNumber('N', 'judge on N images only', { min: 1 }),
    backend: choice(
      'B',
      BACKENDS,
      'build and time the plans on it; latency is modelled if the backend only simulates the target',
    ),
    batch: wholeNumber('N', 'batch size that TensorRT engines are built and timed for (default: 1)', {
      min: 1,
      max: MAX_BATCH,
    }),
    tune: flag(
      'then find the fastest placement on this GPU in which the released layers stay released, see calib tune',
    ),
    adopt: flag('make the plan that is found the plan of the project'),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
    ...shardOptions('rank only every N-th layer, beginning with the I-th'),
    fresh: freshShardOption,
  },
  details:
    'The exit code is 3 if no plan meets the limits, or if the plan to adopt is slower than FP32, which loses ' +
    `nothing.\n\n${SHARD_DETAILS}`,
  async run(values, [project = ''], context) {
    const { api, runAnalysis, print, note } = context;
    const projectPath = resolve(project);
    const spec: SearchSpec = {
      kind: 'search',
      projectPath,
      ...present({
        maxDrop: values['max-drop'],
        maxWorstGroupDrop: values['worst-group-drop'],
        backend: values.backend,
        tensorrt: values.batch === undefined ? undefined : { batches: [values.batch] },
        maxNmse: values['max-error'],
        maxLayers: values['max-layers'],
        method: values.method,
        againstPath: values.against === undefined ? undefined : resolve(values.against),
        limit: values.limit,
        target: values.target,
        threads: values.threads,
        memoryLimitGb: values['memory-limit'],
        tunes: values.tune || undefined,
      }),
    };
    if (values.shard) return runShard(spec, values.shard, values, context);
    const result = await runAnalysis(spec);
    const chosen = result.chosen === null ? undefined : result.plans[result.chosen];
    const isDominated = chosen?.dominatedBy === 'fp32';
    if (values.adopt && chosen && isDominated) note('the plan found is not adopted: FP32 is faster and loses nothing');
    if (values.adopt && chosen && !isDominated) {
      await adopt(chosen, result, projectPath, api);
      note("the plan found is the project's now");
    }
    print({ ...result, chosen: chosen ?? null }, () => asText(result));
    return chosen && !(values.adopt && isDominated) ? EXIT_OK : EXIT_GATE;
  },
});

/** Stores a plan that the search found, and the method that it was found with, in the project. */
async function adopt(chosen: SearchPlan, result: SearchResult, projectPath: string, api: WorkbenchApi): Promise<void> {
  const { file } = await api.openProject({ projectPath });
  const plan = result.tuning
    ? { ...file.plan, layers: result.tuning.layers }
    : releasedPlan(allInt8(file.plan), chosen.fp16Layers);
  await api.editProject({
    projectPath,
    edits: [
      { kind: 'plan', plan },
      ...(result.method === null
        ? []
        : [
            { kind: 'method' as const, method: result.method },
            { kind: 'clear-tensor' as const, tensor: '*' },
          ]),
    ],
  });
}

function asText(result: SearchResult): Block[] {
  const columns: Column[] = [
    { title: '' },
    { title: 'FP16 layers', align: 'right' },
    ...[result.fp32.measure?.name ?? 'top-1', 'worst group', 'agreement', 'output error', 'latency', 'vs FP32'].map(
      (title): Column => ({
        title,
        align: 'right',
      }),
    ),
    { title: 'limits' },
    { title: 'released' },
  ];
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : formatAccuracy(value);
  const rows = result.plans.map((plan, i) => [
    i === result.chosen ? '*' : '',
    String(plan.fp16Layers.length),
    plan.quality.measure === undefined ? '' : formatMeasure(plan.quality.measure.name, plan.quality.measure.value),
    worstText(plan.quality),
    percent(plan.quality.agreement),
    formatSignificant(worstNmse(plan.quality)),
    latencyText(plan),
    againstFp32(plan, result),
    `${plan.meetsLimit ? 'met' : ''}${plan.dominatedBy === undefined ? '' : `${plan.meetsLimit ? ', ' : ''}dominated`}`,
    plan.fp16Layers.join(' '),
  ]);
  const judgedOn = result.judgedOn === 'against' ? 'images from the field' : `${result.judgedOn} images`;
  const { measure } = result.fp32;
  const fp32 = measure === undefined ? '' : `; FP32 ${measure.name} ${formatMeasure(measure.name, measure.value)}`;
  return [
    `judged on ${result.images} ${judgedOn}${fp32}`,
    ...(result.plans.some(({ quality }) => quality.comparesAnswers)
      ? [
          'the sizes of all outputs depend on the data: the output error is the part of the answers that differs from FP32',
        ]
      : []),
    { columns, rows },
    result.references.map((reference) => `${reference.variant.toUpperCase()} ${latencyText(reference)}`).join(', '),
    ...(result.plans.some((plan) => plan.latencyKind === 'modelled')
      ? ['~ modelled, not measured: only differences between plans mean anything']
      : []),
    result.summary,
    ...(result.tuning === undefined ? [] : [result.tuning.summary]),
  ];
}

function worstText({ worstGroup, measure }: TrialQuality): string {
  if (worstGroup === null) return '';
  return `${worstGroup.name} ${formatMeasure(measure?.name ?? 'top-1', groupValue(worstGroup))}`;
}

function latencyText({ latencyMs, latencyKind }: Pick<SearchPlan, 'latencyMs' | 'latencyKind'>): string {
  return `${latencyKind === 'modelled' ? '~' : ''}${formatMs(latencyMs)}`;
}

/** Empty if the latencies of the plan and of FP32 were obtained in different ways (measured and modelled). */
function againstFp32(plan: SearchPlan, { references }: SearchResult): string {
  const fp32 = references.find(({ variant }) => variant === 'fp32');
  const speed = fp32 === undefined ? null : speedAgainst(plan, fp32);
  return speed === null ? '' : formatSpeed(speed);
}
