import type { Gates } from '../../../src-shared/domain/project/project';

export interface GateField {
  readonly name: keyof Gates;
  /** Unit shown behind the field. */
  readonly unit: 'pp' | '%' | 'ms';
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

export const GATE_FIELDS: readonly GateField[] = [
  { name: 'maxTop1Drop', unit: 'pp', least: 0, most: 100, step: 0.1 },
  { name: 'maxWorstGroupDrop', unit: 'pp', least: 0, most: 100, step: 0.1 },
  { name: 'minTop1', unit: '%', least: 0, most: 100, step: 0.1 },
  { name: 'maxLatencyMs', unit: 'ms', least: 0, most: 1e6, step: 0.01 },
];
