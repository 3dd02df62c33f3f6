import { resolve } from 'node:path';
import { formatAccuracy, formatMs, formatSignificant } from '../../../src-shared/base/units';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { SearchSpec } from '../../../src-shared/contract/job-specs';
import type { SearchPlan, SearchResult } from '../../../src-shared/domain/analysis/analysis';
import { formatSpeed, speedAgainst } from '../../../src-shared/domain/runs/speed';
import { VARIANT_METHODS } from '../../../src-shared/domain/project/methods';
import { BACKENDS, TARGETS } from '../../../src-shared/domain/project/precision';
import { announceCost } from '../analysis-text';
import { EXIT_GATE, EXIT_OK, oneOf, parseFlags, present, toJson, wholeNumber, type Command } from '../command';
import { renderTable, type Column } from '../text-table';
import { oneLine } from '../terminal-text';

export const search: Command = {
  name: 'search',
  summary: 'the plan with the fewest FP16 layers that meets the accuracy limits',
  usage: `Usage: calib search PROJECT [--max-drop X] [--worst-group-drop X] [--max-layers N] [--method M] [--against DIR|LIST.txt] [--max-error X] [--limit N] [--backend B] [--batch N] [--adopt] [--target T] [--threads N] [--json]
  --max-drop X           percentage points of top-1 below FP32 (default: the project's gate, else 0.5)
  --worst-group-drop X   the same for every group (default: the project's gate, else 1)
  --max-layers N         release at most N layers
  --method M             thresholds to search with: ${VARIANT_METHODS.join(', ')}
                         (default: those in use, or another method's where it is clearly better)
  --against DIR          rank and judge on these unlabelled images from the field
  --max-error X          without labels: largest output error, noise to signal (default 0.02)
  --limit N              judge on N images only
  --backend B            build and time the plans on it; modelled where the backend only simulates the target
  --batch N              images that a TensorRT engine is built and timed for (default 1)
  --adopt                make the plan found the project's
Exit code 3: no plan meets the limits, or the plan to adopt is slower than FP32, which loses nothing.`,
  async run(argv, { api, runJob, print, note }) {
    const flags = {
      'max-drop': { type: 'string' },
      'worst-group-drop': { type: 'string' },
      'max-layers': { type: 'string' },
      method: { type: 'string' },
      against: { type: 'string' },
      backend: { type: 'string' },
      batch: { type: 'string' },
      'max-error': { type: 'string' },
      limit: { type: 'string' },
      adopt: { type: 'boolean' },
      target: { type: 'string' },
      threads: { type: 'string' },
    } as const;
    const { values, positionals } = parseFlags(argv, flags, { min: 1, max: 1, names: 'PROJECT' });
    const projectPath = resolve(positionals[0] ?? '');
    const spec: SearchSpec = {
      kind: 'search',
      projectPath,
      ...present({
        maxDrop: points('--max-drop', values['max-drop']),
        maxWorstGroupDrop: points('--worst-group-drop', values['worst-group-drop']),
        backend: oneOf('--backend', values.backend, BACKENDS),
        tensorrt:
          values.batch === undefined ? undefined : { batches: [wholeNumber('--batch', values.batch, 1, 65_536) ?? 1] },
        maxNmse: points('--max-error', values['max-error']),
        maxLayers: wholeNumber('--max-layers', values['max-layers'], 1),
        method: oneOf('--method', values.method, VARIANT_METHODS),
        againstPath: values.against === undefined ? undefined : resolve(values.against),
        limit: wholeNumber('--limit', values.limit, 1),
        target: oneOf('--target', values.target, TARGETS),
        threads: wholeNumber('--threads', values.threads, 1),
      }),
    };
    await announceCost(api, spec, note);
    const result = await runJob(spec);
    const chosen = result.chosen === null ? undefined : result.plans[result.chosen];
    const isDominated = chosen?.dominatedBy === 'fp32';
    if (values.adopt && chosen && isDominated) note('the plan found is not adopted: FP32 is faster and loses nothing');
    if (values.adopt && chosen && !isDominated) {
      const { file } = await api.openProject({ projectPath });
      const plan = {
        ...file.plan,
        layers: Object.fromEntries(chosen.fp16Layers.map((layer) => [layer, 'fp16' as const])),
      };
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
      note("the plan found is the project's now");
    }
    print(values.json ? toJson({ ...result, chosen: chosen ?? null }) : asText(result));
    return chosen && !(values.adopt && isDominated) ? EXIT_OK : EXIT_GATE;
  },
};

function points(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100))
    throw new WorkbenchError('usage', `Expected ${flag} to be a number from 0 to 100, found "${text}"`);
  return value;
}

function asText(result: SearchResult): string {
  const columns: Column[] = [
    { title: '' },
    { title: 'FP16 layers', align: 'right' },
    ...['top-1', 'worst group', 'agreement', 'output error', 'latency', 'vs FP32'].map((title): Column => ({
      title,
      align: 'right',
    })),
    { title: 'limits' },
    { title: 'released' },
  ];
  const percent = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : formatAccuracy(value);
  const rows = result.plans.map((plan, i) => [
    i === result.chosen ? '*' : '',
    String(plan.fp16Layers.length),
    percent(plan.top1),
    plan.quality.worstGroup ? `${plan.quality.worstGroup.name} ${formatAccuracy(plan.quality.worstGroup.top1)}` : '',
    percent(plan.quality.agreement),
    formatSignificant(plan.quality.worstGroupNmse?.nmse ?? plan.quality.nmse),
    latencyText(plan),
    againstFp32(plan, result),
    `${plan.meetsLimit ? 'met' : ''}${plan.dominatedBy === undefined ? '' : `${plan.meetsLimit ? ', ' : ''}dominated`}`,
    plan.fp16Layers.join(' '),
  ]);
  const fp32 = `judged on ${result.images} ${result.judgedOn === 'against' ? 'images from the field' : `${result.judgedOn} images`}${result.fp32.top1 === null ? '' : `; FP32 top-1 ${formatAccuracy(result.fp32.top1)}`}\n`;
  const modelled = result.plans.some((plan) => plan.latencyKind === 'modelled')
    ? '~ modelled, not measured: only differences between plans mean anything\n'
    : '';
  const references = result.references
    .map((reference) => `${reference.variant.toUpperCase()} ${latencyText(reference)}`)
    .join(', ');
  return `${fp32}${renderTable(columns, rows)}${references}\n${modelled}${oneLine(result.summary)}\n`;
}

function latencyText({ latencyMs, latencyKind }: Pick<SearchPlan, 'latencyMs' | 'latencyKind'>): string {
  return `${latencyKind === 'modelled' ? '~' : ''}${formatMs(latencyMs)}`;
}

/** Empty where the plan's latency is of another kind than FP32's. */
function againstFp32(plan: SearchPlan, { references }: SearchResult): string {
  const fp32 = references.find(({ variant }) => variant === 'fp32');
  const speed = fp32 === undefined ? null : speedAgainst(plan, fp32);
  return speed === null ? '' : formatSpeed(speed);
}
