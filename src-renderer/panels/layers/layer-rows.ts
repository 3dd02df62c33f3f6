import { useCallback } from 'react';
import type { LayerView, ModelView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import type { LayerInEngine } from '../../../src-shared/domain/engines/engine-view';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { PlacementDecision, Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { hasMessage, type Language, t, useLanguage } from '../../i18n';

/** One layer as tables and graph show it. */
export interface LayerRow {
  /** Position in topological order, from 1. */
  readonly number: number;
  readonly layer: string;
  /** The part of the name that a person tells layers apart by. */
  readonly shortName: string;
  readonly op: string;
  readonly weightShape: readonly number[] | null;
  readonly parameters: number;
  /** What the plan says: a precision that was asked for, or `auto`. */
  readonly choice: PrecisionChoice;
  /** The precision that the layer is meant to have (INT8 on `auto`), and what it gets. */
  readonly planned: Precision;
  readonly runsIn: Precision;
  /** A layer that was asked for in int8 or fp16 and gets something else. */
  readonly isRefused: boolean;
  readonly code: string;
  readonly reason: string;
  /** Its first output that has a threshold, with that threshold's numbers; null before calibration or without one. */
  readonly tensor: string | null;
  readonly sqnrDb: number | null;
  readonly clippedFraction: number | null;
  /** Share of the most sensitive layer's score, 0..1; null where no sensitivity was measured. */
  readonly damage: number | null;
  /** What the engine that is looked at made of it; null without one, and where the engine has no such layer. */
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
 * `/features/block.3/conv/Conv` -> `conv/Conv`: the last two steps of a path, or as many more as tell it from the
 * others.
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
 * Rows in which every word of `text` is found in name, op, reason code or precision; a word with `*` or `?` is a glob
 * of the name.
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

/** `64 × 3 × 7 × 7`. */
export function formatShape(shape: readonly (number | string)[] | null): string {
  return shape === null ? '' : shape.join('\u202f×\u202f');
}

/** Layers chosen in a table: one or many. `active` is the one that the keys act from. */
export interface RowSelection {
  readonly chosen: ReadonlySet<string>;
  readonly active: string | null;
  /** Where a range begins. */
  readonly anchor: string | null;
}

export const NO_ROWS: RowSelection = { chosen: new Set(), active: null, anchor: null };

/** `only`: a plain click; `toggle`: with Ctrl; `range`: with Shift. */
export type ChooseMode = 'only' | 'toggle' | 'range';

export function onlyRow(layer: string | null): RowSelection {
  return layer === null ? NO_ROWS : { chosen: new Set([layer]), active: layer, anchor: layer };
}

/** The selection after `layer` was chosen; `order` is the rows as they are shown. */
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

/** Who writes and who reads each tensor. */
export interface TensorIndex {
  /** The layer that writes it; undefined for an input of the model. */
  readonly producerOf: (tensor: string) => string | undefined;
  /** Layers that read it, in topological order, each once. */
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

/** Scores that are minus a SQNR: they have no zero that means "no damage". */
export function isErrorLevel({ kind, metric }: Pick<SensitivityResult, 'kind' | 'metric'>): boolean {
  return metric === 'sqnr' && kind !== 'release';
}

/**
 * How much every layer matters beside the one that matters most, 0..1. Gains and losses count from 0 (what is not above
 * it is 0), levels of error from the smallest one of the answer.
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
  // No gain at all: nothing matters. Errors that are all equal: each matters as much as the worst.
  if (most === least) return least === 0 ? 0 : 1;
  return Math.max(0, (score - least) / (most - least));
}

/**
 * Why a layer or an edge has its precision, in one sentence. In English it is the application's own sentence, which
 * names the layers; in other languages the sentence of its code, and the application's where a code has none.
 */
export function reasonText(decision: Pick<PlacementDecision, 'code' | 'reason'>, language: Language): string {
  const key = `precision.reason.${decision.code}`;
  return language === 'en' || !hasMessage(key) ? decision.reason : t(key);
}

export function useReasonText(): (decision: Pick<PlacementDecision, 'code' | 'reason'>) => string {
  const language = useLanguage();
  return useCallback((decision) => reasonText(decision, language), [language]);
}
