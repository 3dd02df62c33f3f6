import { formatDb, formatFraction, formatReal } from '../../../src-shared/base/units';
import type { Reading } from './analysis';

/** Texts of the readout by the name of the field they stand in. */
export function readoutTexts(reading: Reading, signalPower: number): Readonly<Record<string, string>> {
  const ofSignal = (mse: number): string => formatFraction(signalPower > 0 ? mse / signalPower : 0);
  const groups = reading.groups.flatMap((group) => [
    [groupField(group.name, 'clipped'), formatFraction(group.clippedFraction)],
    [groupField(group.name, 'sqnr'), formatDb(group.sqnrDb)],
  ]);
  return {
    threshold: formatReal(reading.thresholdReal),
    scale: formatReal(reading.scaleReal),
    sqnr: formatDb(reading.sqnrDb),
    levels: String(reading.levelsUsed),
    clipped: formatFraction(reading.clippedFraction),
    rounding: ofSignal(reading.roundingMse),
    clipping: ofSignal(reading.clippingMse),
    ...(Object.fromEntries(groups) as Record<string, string>),
  };
}

export function groupField(group: string, what: 'clipped' | 'sqnr'): string {
  return `${what}:${group}`;
}

/** Share of rounding in the whole error, 0..1; 0 without an error. */
export function roundingShare(reading: Pick<Reading, 'roundingMse' | 'clippingMse'>): number {
  const total = reading.roundingMse + reading.clippingMse;
  return total > 0 ? reading.roundingMse / total : 0;
}
