import { resolve } from 'node:path';
import { formatFixed, formatMs, formatSignificant } from '../../../src-shared/base/units';
import { adoptionOf } from '../../../src-shared/contract/fix-edits';
import type { FixPlan, FixResult } from '../../../src-shared/domain/analysis/fix';
import { BACKENDS } from '../../../src-shared/domain/project/precision';
import { formatMeasure, worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { defineCommand, EXIT_GATE, EXIT_OK, present } from '../command';
import { choice, flag, realNumber, text, wholeNumber } from '../options';
import type { Block, Column } from '../output';
import { limitOption, MAX_BATCH, memoryLimitOption, targetOption, threadsOption } from '../shared-options';

export const fix = defineCommand({
  name: 'fix',
  summary: 'find the shortest way from a failing INT8 model to a plan that meets the gates',
  positionals: ['PROJECT'],
  options: {
    minutes: realNumber(
      'M',
      'skip stages that would take longer (default: no limit)',
      'a number above 0',
      (m) => m > 0,
    ),
    against: text('PATH', 'choose and judge with these unlabelled images from the field (folder or list)'),
    backend: choice('B', BACKENDS, 'judge plans on it, and time them if it runs the models of the target'),
    batch: wholeNumber('N', 'batch size that TensorRT engines are built and timed for (default: 1)', {
      min: 1,
      max: MAX_BATCH,
    }),
    'max-layers': wholeNumber('N', 'move at most N layers to FP16 (default: half of them)', { min: 0 }),
    limit: limitOption('images that judge'),
    'qat-snippet': text('FILE.py', 'write a PyTorch module that trains with quantization from the scales found'),
    adopt: flag('make the plan that is found the plan of the project'),
    target: targetOption,
    threads: threadsOption,
    'memory-limit': memoryLimitOption,
  },
  details: `Tries one stage after the other until the gates of the project (0.5 points in all and 1 point of the worst
group where it has none) are met: the project as it is, single methods, bias correction, equalization, smoothing, a
threshold per tensor, learned thresholds, released layers. Interrupted by Ctrl-C, the same command continues. The exit
code is 3 if no plan meets the gates.`,
  async run(values, [project = ''], { api, runJob, print, note }) {
    const projectPath = resolve(project);
    const result = await runJob({
      kind: 'fix',
      projectPath,
      ...present({
        minutes: values.minutes,
        againstPath: values.against === undefined ? undefined : resolve(values.against),
        backend: values.backend,
        tensorrt: values.batch === undefined ? undefined : { batches: [values.batch] },
        maxLayers: values['max-layers'],
        limit: values.limit,
        snippetPath: values['qat-snippet'] === undefined ? undefined : resolve(values['qat-snippet']),
        target: values.target,
        threads: values.threads,
        memoryLimitGb: values['memory-limit'],
      }),
    });
    const chosen = result.chosen === null ? undefined : result.plans[result.chosen];
    if (values.adopt && chosen) {
      await api.editProject({ projectPath, edits: adoptionOf(chosen) });
      note("the plan found is the project's now");
    }
    print({ ...result, plans: result.plans.map(planJson), chosen: chosen ? planJson(chosen) : null }, () =>
      asText(result),
    );
    return chosen ? EXIT_OK : EXIT_GATE;
  },
});

/** A plan with its measure and worst group as plain numbers, and the decisions that it consists of. */
function planJson({ measure, worstGroup, ...plan }: FixPlan): unknown {
  return {
    ...plan,
    ...(measure === undefined ? {} : { measure: measure.value, measureName: measure.name }),
    ...(worstGroup === undefined ? {} : { worstGroup }),
  };
}

function asText(result: FixResult): Block[] {
  const name = result.fp32.measure?.name ?? 'output error';
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns: Column[] = [
    { title: 'stage' },
    { title: '' },
    ...[name, 'worst group', 'drop', 'group drop', 'FP16 layers', 'latency', 'minutes'].map(right),
    { title: '' },
  ];
  const rows = result.stages.map(({ stage, outcome, plan: index, seconds, note }) => {
    const plan = index === null ? undefined : result.plans[index];
    return [
      stage,
      outcome,
      plan === undefined ? '' : measureText(plan),
      plan?.worstGroup === undefined ? '' : worstGroupText(plan.worstGroup),
      points(plan?.drop),
      points(plan?.worstGroupDrop),
      plan === undefined ? '' : String(plan.fp16Layers.length),
      plan?.latencyMs === undefined ? '' : `${plan.latencyKind === 'modelled' ? '~' : ''}${formatMs(plan.latencyMs)}`,
      formatFixed(seconds / 60, 2),
      note,
    ];
  });
  const limits = Object.entries(result.limits).map(([gate, limit]) => `${gate} ${formatSignificant(limit)}`);
  const fp32 = result.fp32.measure;
  const reference = fp32 === undefined ? '' : `; FP32 ${fp32.name} ${formatMeasure(fp32.name, fp32.value)}`;
  return [
    `gates: ${limits.join(', ')}${reference}`,
    { columns, rows },
    ...(result.plans.some(({ latencyKind }) => latencyKind === 'modelled')
      ? ['~ modelled, not measured: only differences between plans mean anything']
      : []),
    result.reason,
    ...(result.chosen === null ? [] : releasedLine(result.plans[result.chosen])),
    ...result.notes,
    ...result.advice.map(({ kind, sentence }) => (kind === 'training' ? `${sentence} ${SNIPPET_HINT}` : sentence)),
  ];
}

const SNIPPET_HINT = 'With --qat-snippet FILE.py, they are written as a PyTorch module.';

function releasedLine(plan: FixPlan | undefined): string[] {
  return plan === undefined || plan.fp16Layers.length === 0 ? [] : [`FP16: ${plan.fp16Layers.join(', ')}`];
}

function measureText({ measure, error }: FixPlan): string {
  return measure === undefined ? formatSignificant(error) : formatMeasure(measure.name, measure.value);
}

function points(value: number | undefined): string {
  return value === undefined ? '' : formatFixed(value, 2);
}
