import { createContext, use } from 'react';
import { create } from 'zustand';
import { formatDb, formatFraction } from '../../../src-shared/base/units';
import type { EdgePlacement } from './graph-structure';
import type { LayerRow } from './layer-rows';

/** The display options of graphs; they are shared by all screens. */
interface GraphViewState {
  readonly colourMode: ColourMode;
  /** True if reason codes are shown on every edge, not only around the chosen layer. */
  readonly isReasonShown: boolean;
  readonly colourBy: (mode: ColourMode) => void;
  readonly showReasons: (isReasonShown: boolean) => void;
}

export const useGraphView = create<GraphViewState>()((set) => ({
  colourMode: 'precision',
  isReasonShown: false,
  colourBy: (colourMode) => set({ colourMode }),
  showReasons: (isReasonShown) => set({ isReasonShown }),
}));

/** The content of nodes and edges. It changes with every edit, while the nodes themselves stay the same. */
export interface GraphContent {
  readonly rowOf: (layer: string) => LayerRow | undefined;
  /** The decision about a tensor that a layer reads. */
  readonly placementOf: (layer: string, tensor: string) => EdgePlacement | undefined;
  /** The node at the keyboard cursor. */
  readonly cursor: string | null;
  /** Layers that the last edit changed. */
  readonly changed: ReadonlySet<string>;
  /** The layers that a search found; null without a search. */
  readonly matches: ReadonlySet<string> | null;
}

const EMPTY: GraphContent = {
  rowOf: () => undefined,
  placementOf: () => undefined,
  cursor: null,
  changed: new Set(),
  matches: null,
};

export const GraphContentContext = createContext<GraphContent>(EMPTY);
export const useGraphContent = (): GraphContent => use(GraphContentContext);

export const COLOUR_MODES = ['precision', 'sqnr', 'clipped', 'sensitivity', 'time'] as const;
export type ColourMode = (typeof COLOUR_MODES)[number];

/** Steps of the colour ramp, the worst first. */
const RAMP_STEPS = [0, 1, 2, 3, 4] as const;
type RampStep = (typeof RAMP_STEPS)[number];
/** Lower limits of all steps except the worst one. */
const SQNR_LIMITS_DB = [12, 18, 24, 30] as const;
/** Upper limits of all steps except the worst one, the worst first. */
const CLIPPED_LIMITS = [1e-2, 1e-3, 1e-4, 1e-5] as const;
/** Lower limits of all steps except the best one, as shares of the most sensitive layer's score. */
const DAMAGE_LIMITS = [0.5, 0.25, 0.1, 0.02] as const;

/** Lower limits of all steps except the best one, as shares of the engine's time. */
const TIME_LIMITS = [0.1, 0.05, 0.02, 0.01] as const;

/** The colour of a layer: by precision, by a step of the colour ramp, or unknown. */
export type LayerColour = 'int8' | 'fp16' | 'fp32' | 'unknown' | `ramp-${RampStep}`;

export function colourOf(row: LayerRow, mode: ColourMode): LayerColour {
  if (mode === 'precision') return row.runsIn;
  if (mode === 'sensitivity') return row.damage === null ? 'unknown' : damageColour(row.damage);
  if (mode === 'time') return timeColour(row.inEngine?.share ?? null);
  const value = asPrinted(mode === 'sqnr' ? row.sqnrDb : row.clippedFraction, mode);
  if (value === null || Number.isNaN(value)) return 'unknown';
  const step =
    mode === 'sqnr'
      ? SQNR_LIMITS_DB.filter((limit) => value >= limit).length
      : CLIPPED_LIMITS.filter((limit) => value < limit).length;
  return rampColour(step);
}

/**
 * Rounds a value as it is printed, so that equal texts get equal colours: 0.00999 % and 0.01001 % are both printed as
 * 0.0100 %.
 */
function asPrinted(value: number | null, mode: 'sqnr' | 'clipped'): number | null {
  if (value === null || !Number.isFinite(value)) return value;
  return mode === 'sqnr' ? Number(value.toFixed(1)) : Number(value.toPrecision(3));
}

/** Whether the rows have the data that a colour mode needs. */
export function isColourKnown(rows: readonly LayerRow[], mode: ColourMode): boolean {
  if (mode === 'precision') return true;
  if (mode === 'time') return rows.some((row) => (row.inEngine?.share ?? null) !== null);
  return rows.some((row) => (mode === 'sensitivity' ? row.damage : row.sqnrDb) !== null);
}

/** Colour of a share of the most sensitive layer's score, 0..1. */
export function damageColour(share: number): LayerColour {
  return rampColour(DAMAGE_LIMITS.filter((limit) => share < limit).length);
}

/** Colour of a share of the engine's time, 0..1. */
export function timeColour(share: number | null): LayerColour {
  if (share === null) return 'unknown';
  return rampColour(TIME_LIMITS.filter((limit) => Number(share.toPrecision(3)) < limit).length);
}

/** Step 0 is the worst colour, step 4 the best. */
function rampColour(step: number): LayerColour {
  return `ramp-${RAMP_STEPS[step] ?? RAMP_STEPS[0]}`;
}

/** The name of the CSS custom property of a colour. */
export function colourProperty(colour: LayerColour): string {
  return colour === 'unknown' ? '--line' : `--${colour}`;
}

export interface LegendEntry {
  readonly colour: LayerColour;
  readonly label: string;
}

/** The colours of the ramp with their ranges, the worst first. */
export function rampLegend(mode: Exclude<ColourMode, 'precision'>): LegendEntry[] {
  return rampLabels(mode).map((label, step) => ({ colour: rampColour(step), label }));
}

function rampLabels(mode: Exclude<ColourMode, 'precision'>): readonly string[] {
  switch (mode) {
    case 'sqnr':
      return [`< ${formatDb(SQNR_LIMITS_DB[0])}`, ...SQNR_LIMITS_DB.map((limit) => `≥ ${formatDb(limit)}`)];
    case 'clipped':
      return [`≥ ${formatFraction(CLIPPED_LIMITS[0])}`, ...CLIPPED_LIMITS.map((limit) => `< ${formatFraction(limit)}`)];
    case 'sensitivity':
      return [
        `≥ ${formatPercentOfMost(DAMAGE_LIMITS[0])}`,
        ...DAMAGE_LIMITS.map((limit) => `< ${formatPercentOfMost(limit)}`),
      ];
    case 'time':
      return [
        `≥ ${formatPercentOfMost(TIME_LIMITS[0])}`,
        ...TIME_LIMITS.map((limit) => `< ${formatPercentOfMost(limit)}`),
      ];
  }
}

/** A share as a whole percentage. */
function formatPercentOfMost(share: number): string {
  return `${Math.round(share * 100)} %`;
}
