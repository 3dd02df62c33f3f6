import { useCallback } from 'react';
import type { LayerView, ModelView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import type { LayerInEngine } from '../../../src-shared/domain/engines/engine-view';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { PlacementDecision, Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { hasMessage, type Language, t, useLanguage } from '../../i18n';

/** One layer, as shown in tables and the graph. */
export interface LayerRow {
  /** Position in topological order, starting at 1. */
  readonly number: number;
  readonly layer: string;
  /** The shortest part of the name that distinguishes the layer from others. */
  readonly shortName: string;
  readonly op: string;
  readonly weightShape: readonly number[] | null;
  readonly parameters: number;
  /** The choice in the plan: a requested precision, or `auto`. */
  readonly choice: PrecisionChoice;
  /** The precision that the layer should have (INT8 for `auto`). `runsIn` is the precision that it gets. */
  readonly planned: Precision;
  readonly runsIn: Precision;
  /** True if INT8 or FP16 was requested and the layer gets another precision. */
  readonly isRefused: boolean;
  readonly code: string;
  readonly reason: string;
  /**
   * The layer's first output that has a threshold, with the numbers of the threshold; null before calibration or if no
   * output has a threshold.
   */
  readonly tensor: string | null;
  readonly sqnrDb: number | null;
  readonly clippedFraction: number | null;
  /** The score relative to the most sensitive layer, 0..1; null if no sensitivity was measured. */
  readonly damage: number | null;
  /** The layer in the shown engine; null without an engine, or if the engine has no such layer. */
  readonly inEngine: LayerInEngine | null;
  readonly view: LayerView;
}

const NO_DAMAGE: ReadonlyMap<string, number> = new Map();
const NO_ENGINE: ReadonlyMap<string, LayerInEngine> = new Map();

export function layerRows(
  model: Pick<ModelView, 'layers'>,
  thresholds: ThresholdTable | null,
  damage = NO_DAMAGE,
  engine = NO_ENGINE,
): LayerRow[] {
  const byTensor = new Map<string, ThresholdRow>(thresholds?.tensors.map((row) => [row.name, row]) ?? []);
  const names = shortNames(model.layers.map(({ layer }) => layer));
  return model.layers.map((view, index): LayerRow => {
    const threshold = view.outputs.map((tensor) => byTensor.get(tensor)).find((row) => row !== undefined);
    return {
      number: index + 1,
      layer: view.layer,
      shortName: names.get(view.layer) ?? view.layer,
      op: view.op,
      weightShape: view.weightShape,
      parameters: view.parameters,
      choice: view.choice,
      planned: view.planned,
      runsIn: view.decision.precision,
      isRefused: view.planned !== view.decision.precision,
      code: view.decision.code,
      reason: view.decision.reason,
      tensor: threshold?.name ?? null,
      sqnrDb: threshold?.sqnrDb ?? null,
      clippedFraction: threshold?.clippedFraction ?? null,
      damage: damage.get(view.layer) ?? null,
      inEngine: engine.get(view.layer) ?? null,
      view,
    };
  });
}

/**
 * `/features/block.3/conv/Conv` -> `conv/Conv`: the last two parts of the path, or as many more as are needed to
 * distinguish it from the other names.
 */
export function shortNames(layers: Iterable<string>): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  let open = [...new Set(layers)].map((layer) => ({ layer, steps: layer.split('/').filter((step) => step !== '') }));
  for (let count = 2; open.length > 0; count++) {
    const named = open.map((own) => ({ ...own, name: own.steps.slice(-count).join('/') || own.layer }));
    const uses = new Map<string, number>();
    for (const { name } of named) uses.set(name, (uses.get(name) ?? 0) + 1);
    const isDone = ({ name, steps }: (typeof named)[number]): boolean => uses.get(name) === 1 || steps.length <= count;
    for (const own of named.filter(isDone)) short.set(own.layer, own.name);
    open = named.filter((own) => !isDone(own));
  }
  return short;
}

/**
 * Rows in which every word of `text` occurs in the name, operator, reason code or precision. A word with `*` or `?` is
 * a glob for the name.
 */
export function filterRows(rows: readonly LayerRow[], text: string): readonly LayerRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) =>
    words.every((word) => (/[*?]/.test(word) ? matchGlob(word, row.layer.toLowerCase()) : isIn(row, word))),
  );
}

function isIn(row: LayerRow, word: string): boolean {
  return [row.layer, row.op, row.code, row.runsIn].some((field) => field.toLowerCase().includes(word));
}

/** A shape as text, such as `64 × 3 × 7 × 7`. */
export function formatShape(shape: readonly (number | string)[] | null): string {
  return shape === null ? '' : shape.join('\u202f×\u202f');
}

/** The layers chosen in a table, one or several. `active` is the one from which the keys move. */
export interface RowSelection {
  readonly chosen: ReadonlySet<string>;
  readonly active: string | null;
  /** The layer at which a range selection begins. */
  readonly anchor: string | null;
}

export const NO_ROWS: RowSelection = { chosen: new Set(), active: null, anchor: null };

/** `only`: a plain click; `toggle`: with Ctrl; `range`: with Shift. */
export type ChooseMode = 'only' | 'toggle' | 'range';

export function onlyRow(layer: string | null): RowSelection {
  return layer === null ? NO_ROWS : { chosen: new Set([layer]), active: layer, anchor: layer };
}

/** The selection after choosing `layer`; `order` contains the rows in the displayed order. */
export function chooseRow(
  selection: RowSelection,
  order: readonly string[],
  layer: string,
  mode: ChooseMode,
): RowSelection {
  if (mode === 'only') return onlyRow(layer);
  if (mode === 'toggle') {
    const chosen = new Set(selection.chosen);
    if (!chosen.delete(layer)) chosen.add(layer);
    return { chosen, active: layer, anchor: layer };
  }
  const from = order.indexOf(selection.anchor ?? layer);
  const to = order.indexOf(layer);
  if (from < 0 || to < 0) return onlyRow(layer);
  return {
    chosen: new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)),
    active: layer,
    anchor: selection.anchor ?? layer,
  };
}

/** The producer and the readers of each tensor. */
export interface TensorIndex {
  /** The layer that produces the tensor; undefined for an input of the model. */
  readonly producerOf: (tensor: string) => string | undefined;
  /** The layers that read the tensor, in topological order, each once. */
  readonly readersOf: (tensor: string) => readonly string[];
  readonly isModelInput: (tensor: string) => boolean;
  readonly isModelOutput: (tensor: string) => boolean;
}

export function tensorIndex(model: Pick<ModelView, 'inputs' | 'outputs' | 'layers'>): TensorIndex {
  const producers = new Map<string, string>();
  const readers = new Map<string, string[]>();
  for (const { layer, inputs, outputs } of model.layers) {
    for (const tensor of outputs) producers.set(tensor, layer);
    for (const tensor of new Set(inputs)) {
      const known = readers.get(tensor);
      if (known === undefined) readers.set(tensor, [layer]);
      else known.push(layer);
    }
  }
  const inputs = new Set(model.inputs);
  const outputs = new Set(model.outputs);
  return {
    producerOf: (tensor) => producers.get(tensor),
    readersOf: (tensor) => readers.get(tensor) ?? [],
    isModelInput: (tensor) => inputs.has(tensor),
    isModelOutput: (tensor) => outputs.has(tensor),
  };
}

/** True if the scores are negative SQNRs, so that a score of 0 does not mean "no damage". */
export function isErrorLevel({ kind, metric }: Pick<SensitivityResult, 'kind' | 'metric'>): boolean {
  return metric === 'sqnr' && kind !== 'release';
}

/**
 * The score of every layer relative to the highest score, 0..1. Gains and losses are measured from 0 (negative scores
 * count as 0), error levels from the smallest score in the result.
 */
export function damageShares(
  result: Pick<SensitivityResult, 'kind' | 'metric' | 'layers'>,
): ReadonlyMap<string, number> {
  const scores = result.layers.map(({ score }) => score).filter(Number.isFinite);
  const most = scores.reduce((high, score) => Math.max(high, score), Number.NEGATIVE_INFINITY);
  const least = isErrorLevel(result)
    ? scores.reduce((low, score) => Math.min(low, score), Number.POSITIVE_INFINITY)
    : 0;
  return new Map(result.layers.map(({ layer, score }) => [layer, shareOf(score, least, most)]));
}

function shareOf(score: number, least: number, most: number): number {
  if (!Number.isFinite(score) || most < least) return 0;
  // If no layer has a gain, all shares are 0; if all error levels are equal, all shares are 1.
  if (most === least) return least === 0 ? 0 : 1;
  return Math.max(0, (score - least) / (most - least));
}

/**
 * The reason for the precision of a layer or an edge, in one sentence. In English it is the application's own sentence,
 * which names the layers. In other languages it is the translation for the code, or the application's sentence if there
 * is no translation.
 */
export function reasonText(decision: Pick<PlacementDecision, 'code' | 'reason'>, language: Language): string {
  const key = `precision.reason.${decision.code}`;
  return language === 'en' || !hasMessage(key) ? decision.reason : t(key);
}

export function useReasonText(): (decision: Pick<PlacementDecision, 'code' | 'reason'>) => string {
  const language = useLanguage();
  return useCallback((decision) => reasonText(decision, language), [language]);
}
