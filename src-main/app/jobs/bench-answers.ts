import type { BenchResult } from '../../../src-shared/contract/job-results';
import { sparseVariantOf } from '../../../src-shared/domain/project/variant';
import { answerSentence, answersOf, type RefusedVariant } from '../../../src-shared/domain/runs/questions';
import type { Measure } from '../../../src-shared/domain/tasks/measure';
import type { JobContext } from '../job-context';
import { loadSet } from '../projects/workspace';
import { type BuiltVariant, distinctEngines, withRepetitions } from '../variants/built-variant';
import { evaluateBuilt } from '../variants/evaluation';
import type { VariantOptions } from '../variants/options';

/** Each variant followed by its pruned copy, if it has one. */
export function withSparseCopies(variants: readonly string[]): readonly string[] {
  return [...new Set(variants.flatMap((variant) => [variant, sparseVariantOf(variant) ?? variant]))];
}

/** The measures of the engines on the validation set, by variant; none without a set or a measure. */
export async function measuresOf(
  { built, options }: { readonly built: readonly BuiltVariant[]; readonly options: VariantOptions },
  threads: number,
  job: JobContext,
): Promise<ReadonlyMap<string, Measure>> {
  if (job.workspace.file.validationSet === null) return new Map();
  const set = await loadSet(job.workspace, 'validation', undefined);
  const { reports } = await evaluateBuilt(distinctEngines(built), { set, options, threads }, job);
  return new Map(
    withRepetitions(reports, built).flatMap(({ variant, measure }) =>
      measure === undefined ? [] : [[variant, measure] as const],
    ),
  );
}

/** The answers for each GPU and batch size; if nothing could be timed, why. */
export function answersOfBench(
  { variants, gpu, device }: Pick<BenchResult, 'variants' | 'gpu' | 'device'>,
  refused: readonly RefusedVariant[],
  measures: ReadonlyMap<string, Measure>,
): NonNullable<BenchResult['answers']> {
  // With several numbers of streams the first one answers, whose latency is that of a single inference.
  const answering = variants.filter(({ streams }) => streams === variants[0]?.streams);
  const sittingOf = ({ device: own, batch }: (typeof variants)[number]): string => `${own?.index ?? ''} ${batch}`;
  const answers = [...new Set(answering.map(sittingOf))].flatMap((sitting) => {
    const entries = answering.filter((entry) => sittingOf(entry) === sitting);
    const rows = entries.map(({ variant, latencyMs, ratioToFp32 }) => {
      const measure = measures.get(variant);
      return {
        variant,
        latencyMs: latencyMs.median,
        ...(ratioToFp32 === undefined ? {} : { ratioToFp32 }),
        ...(measure === undefined ? {} : { measure }),
      };
    });
    const name = entries[0]?.device?.name ?? device;
    const on = {
      device: gpu === undefined ? name : `${name} with TensorRT ${gpu.tensorrt}`,
      batch: entries[0]?.batch ?? 1,
    };
    return answersOf(rows, [], on);
  });
  return [...answers, ...answersOf([], refused, null)].map((answer) => ({
    ...answer,
    sentence: answerSentence(answer),
  }));
}
