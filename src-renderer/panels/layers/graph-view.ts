import { createContext, use } from 'react';
import { create } from 'zustand';
import { formatDb, formatFraction } from '../../../src-shared/base/units';
import type { EdgePlacement } from './graph-structure';
import type { LayerRow } from './layer-rows';

/** How graphs are shown, on every screen alike. */
interface GraphViewState {
  readonly colourMode: ColourMode;
  /** Reason codes on every edge, not only around the chosen layer. */
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

/** What nodes and edges show besides their place: it changes with every edit, the nodes themselves do not. */
export interface GraphContent {
  readonly rowOf: (layer: string) => LayerRow | undefined;
  /** Why a tensor enters a layer as it does. */
  readonly placementOf: (layer: string, tensor: string) => EdgePlacement | undefined;
  /** Node that the arrow keys stand on. */
  readonly cursor: string | null;
  /** Layers that the last edit changed. */
  readonly changed: ReadonlySet<string>;
  /** Layers that a search found; null without a search. */
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

/** Steps of the palette's ramp, the worst first. */
const RAMP_STEPS = [0, 1, 2, 3, 4] as const;
type RampStep = (typeof RAMP_STEPS)[number];
/** Lower limits of the steps above the worst one. */
const SQNR_LIMITS_DB = [12, 18, 24, 30] as const;
/** Upper limits of the steps above the worst one, worst first. */
const CLIPPED_LIMITS = [1e-2, 1e-3, 1e-4, 1e-5] as const;
/** Lower limits of the steps below the best one, as shares of the most sensitive layer's score. */
const DAMAGE_LIMITS = [0.5, 0.25, 0.1, 0.02] as const;

/** Lower limits of the steps below the best one, as shares of the engine's time. */
const TIME_LIMITS = [0.1, 0.05, 0.02, 0.01] as const;

/** What a layer is coloured by: a precision, a step of the ramp, or nothing known. */
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

/** Equal texts have equal colours: 0.00999 % and 0.01001 % are both printed as 0.0100 %. */
function asPrinted(value: number | null, mode: 'sqnr' | 'clipped'): number | null {
  if (value === null || !Number.isFinite(value)) return value;
  return mode === 'sqnr' ? Number(value.toFixed(1)) : Number(value.toPrecision(3));
}

/** Whether the rows have what a mode colours by. */
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

/** The worst step for 0, the best for 4. */
function rampColour(step: number): LayerColour {
  return `ramp-${RAMP_STEPS[step] ?? RAMP_STEPS[0]}`;
}

/** Name of the custom property that a colour is painted with. */
export function colourProperty(colour: LayerColour): string {
  return colour === 'unknown' ? '--line' : `--${colour}`;
}

export interface LegendEntry {
  readonly colour: LayerColour;
  readonly label: string;
}

/** Colours of the ramp with their ranges, worst first. */
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

/** Round shares, without digits that mean nothing. */
function formatPercentOfMost(share: number): string {
  return `${Math.round(share * 100)} %`;
}
