import type { LayerView, ModelView, ThresholdRow, ThresholdTable } from '../../../src-shared/contract/views';
import type { LayerInEngine } from '../../../src-shared/domain/engines/engine-view';
import { matchGlob } from '../../../src-shared/domain/glob';
import type { Precision, PrecisionChoice } from '../../../src-shared/domain/project/precision';

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

/** `/features/block.3/conv/Conv` -> `conv/Conv`: the last two steps of a path, or as many more as tell it from the others. */
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

/** Rows in which every word of `text` is found in name, op, reason code or precision; a word with `*` or `?` is a glob of the name. */
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
