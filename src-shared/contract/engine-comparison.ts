import { csvLine } from '../base/csv';
import { diffEngines, joinedModel, type EngineDifference, type EngineSide } from '../domain/engines/engine-diff';
import type { EnginesView, EngineView } from './views';

/** A layer of the model that engines are compared by. */
export type ComparedLayer = NonNullable<EnginesView['model']>[number];

/** An engine to compare. */
export interface NamedEngine {
  readonly engine: EngineView;
  /** Present for the engine of a recorded run, with the layers of the model that the run had. */
  readonly runId?: string;
  readonly model?: readonly ComparedLayer[] | undefined;
}

/** One of the engines, as JSON. */
export type ComparedEngineView = Pick<
  EngineView,
  'variant' | 'runtime' | 'device' | 'batch' | 'createdAt' | 'isCurrent' | 'kernelShare'
> & {
  readonly totalMs: number | null;
  /** Present if it is the engine of a recorded run. */
  readonly runId?: string;
};

/** Two engines, group of layers by group of layers: what `calib diff --json` prints and the Model screen exports. */
export interface EngineComparison {
  readonly a: ComparedEngineView;
  readonly b: ComparedEngineView;
  /** Sorted by what b loses. */
  readonly differences: readonly EngineDifference[];
}

/** @param current the layers of the project's model, for engines that are not of a run. */
export function compareEngines(a: NamedEngine, b: NamedEngine, current: readonly ComparedLayer[]): EngineComparison {
  const model = joinedModel<ComparedLayer>(a.model ?? current, b.model ?? current);
  return { a: comparedOf(a), b: comparedOf(b), differences: diffEngines(model, a.engine, b.engine) };
}

function comparedOf({ engine, runId }: NamedEngine): ComparedEngineView {
  const { variant, runtime, device, batch, createdAt, isCurrent, summary, kernelShare } = engine;
  return {
    ...{ variant, runtime, device, batch, createdAt, isCurrent, totalMs: summary.totalMs },
    ...(runId === undefined ? {} : { runId }),
    ...(kernelShare === undefined ? {} : { kernelShare }),
  };
}

const CSV_COLUMNS = [
  ...['layers', 'ops', 'a_types', 'b_types', 'a_ms', 'b_ms', 'a_conversion_ms', 'b_conversion_ms', 'lost_ms'],
  ...['a_kernels', 'b_kernels', 'a_tactics', 'b_tactics', 'a_converted', 'b_converted'],
];

/** A header and one line for each group of layers, as CSV (RFC 4180) without ends of lines. Times in milliseconds. */
export function comparisonCsv(differences: readonly EngineDifference[]): string[] {
  const side = ({ kernels }: EngineSide, what: 'name' | 'tactic'): string =>
    kernels.map((kernel) => kernel[what]).join('; ');
  return [
    csvLine(CSV_COLUMNS),
    ...differences.map(({ layers, ops, a, b, lostMs }) =>
      csvLine([
        ...[layers.join('; '), ops.join('; '), a.types.join(' '), b.types.join(' ')],
        ...[a.ms, b.ms, a.conversionMs, b.conversionMs, lostMs].map((value) => value.toFixed(6)),
        ...[side(a, 'name'), side(b, 'name'), side(a, 'tactic'), side(b, 'tactic')],
        ...[a.converted.join('; '), b.converted.join('; ')],
      ]),
    ),
  ];
}
