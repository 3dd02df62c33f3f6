import { formatReal } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { RESULT_COLUMNS, type ColumnId } from './columns';

/** One setting that differs. `key` is a message key without its prefix, or the flag's name for other options. */
export interface SettingChange {
  readonly key: string;
  readonly isFlag: boolean;
  readonly from: string;
  readonly to: string;
  /** Why the numbers may differ: other inputs, other settings, another machine, or another version of the tool. */
  readonly kind: 'input' | 'setting' | 'machine' | 'tool';
}

export type Setting = Omit<SettingChange, 'from' | 'to'> & { readonly value: string };

/** Digits of a hash that are shown; enough to tell two apart. */
const HASH_DIGITS = 10;
const hash = (sha256: string): string => sha256.slice(0, HASH_DIGITS);
const NONE = '–';

/** Everything a run was made with, as short texts. */
export function runSettings(record: RunRecord): readonly Setting[] {
  const { options, machine, sets, tool, benchmark } = record;
  const setting = (kind: SettingChange['kind'], key: string, value: string): Setting => ({
    kind,
    key,
    isFlag: false,
    value,
  });
  const flags = Object.entries(options.other).map(([key, value]): Setting => ({
    kind: 'setting',
    key,
    isFlag: true,
    value: String(value),
  }));
  return [
    setting('input', 'model', hash(record.model.sha256)),
    setting('input', 'calibrationSet', `${sets.calibration.images} · ${hash(sets.calibration.manifestSha256)}`),
    setting(
      'input',
      'validationSet',
      sets.validation === null ? NONE : `${sets.validation.images} · ${hash(sets.validation.manifestSha256)}`,
    ),
    setting('input', 'preprocessing', preprocessingText(record)),
    setting('input', 'histograms', hash(record.calibration.sha256)),
    setting('setting', 'method', options.method),
    setting('setting', 'percentile', `${options.percentile} %`),
    setting('setting', 'tensors', tensorsText(options)),
    setting(
      'setting',
      'plan',
      listText(Object.entries(options.plan.layers).map(([layer, precision]) => `${layer} ${precision}`)),
    ),
    setting('setting', 'target', options.target),
    setting('setting', 'backend', options.backend),
    setting('setting', 'threads', String(options.threads)),
    setting('setting', 'rounds', benchmark === null ? NONE : String(benchmark.rounds)),
    setting('setting', 'batch', batchText(record)),
    setting('setting', 'shipped', record.shipped.join(', ') || NONE),
    ...flags,
    setting('machine', 'cpu', machine.cpu),
    setting('machine', 'cores', String(machine.cores)),
    setting('machine', 'gpu', machine.gpu ?? NONE),
    setting('machine', 'os', machine.os),
    setting('tool', 'version', tool.version),
    setting('tool', 'onnxruntime', tool.onnxruntime),
    setting('tool', 'node', tool.node),
  ];
}

/** A method chosen for one tensor, or its threshold where that was set by hand. */
function tensorsText({ tensorMethods, manualThresholds }: RunRecord['options']): string {
  return listText(
    Object.entries(tensorMethods).map(([tensor, method]) => {
      const manual = ownValue(manualThresholds, tensor);
      return method === 'manual' && manual !== undefined ? `${tensor} ${formatReal(manual)}` : `${tensor} ${method}`;
    }),
  );
}

/** All of them, so that any difference shows: what a screen has no room for it cuts itself. */
function listText(items: string[]): string {
  return items.length === 0 ? NONE : items.sort().join(', ');
}

function batchText(record: RunRecord): string {
  const batches = new Set(record.benchmark?.variants.map((entry) => `${entry.batch} × ${entry.streams}`));
  return batches.size === 0 ? NONE : [...batches].join(', ');
}

function preprocessingText({ preprocessing }: RunRecord): string {
  const { resize, crop } = preprocessing;
  const size =
    resize.kind === 'none'
      ? 'none'
      : resize.kind === 'short'
        ? `short ${resize.shortSide}`
        : `${resize.kind} ${resize.width}×${resize.height}`;
  const pad = resize.kind === 'letterbox' ? ` pad ${resize.pad}` : '';
  const cut = crop === null ? '' : ` crop ${crop.width}×${crop.height} ${preprocessing.cropRounding ?? 'down'}`;
  return (
    `${size}${pad}${cut} ${preprocessing.order} ×${preprocessing.scale} −${preprocessing.mean.join(',')} ` +
    `/${preprocessing.std.join(',')} ${preprocessing.layout}${preprocessing.orientation === 'apply' ? ' EXIF' : ''}`
  );
}

/** Settings that differ from run `from` to run `to`. */
export function settingChanges(from: RunRecord, to: RunRecord): readonly SettingChange[] {
  const before = new Map(runSettings(from).map((setting) => [setting.key, setting]));
  const after = new Map(runSettings(to).map((setting) => [setting.key, setting]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const a = before.get(key);
    const b = after.get(key);
    const known = b ?? a;
    if (known === undefined || a?.value === b?.value) return [];
    return [{ key, isFlag: known.isFlag, kind: known.kind, from: a?.value ?? NONE, to: b?.value ?? NONE }];
  });
}

/** Why latencies of two runs cannot be compared, as the settings that forbid it; empty: they can. */
export function latencyObstacles(changes: readonly SettingChange[]): readonly SettingChange[] {
  const forbidding: readonly string[] = ['cpu', 'cores', 'gpu', 'backend', 'threads', 'batch'];
  return changes.filter((change) => !change.isFlag && forbidding.includes(change.key));
}

/** The accuracies of two runs are about different questions when the model or the validation images differ. */
export function accuracyObstacles(changes: readonly SettingChange[]): readonly SettingChange[] {
  return changes.filter((change) => !change.isFlag && (change.key === 'model' || change.key === 'validationSet'));
}

export type CellChange =
  | { readonly kind: 'gained' | 'lost' | 'absent' | 'not-compared' }
  | { readonly kind: 'same'; readonly to: number }
  | { readonly kind: 'better' | 'worse' | 'changed'; readonly from: number; readonly to: number };

export interface VariantChange {
  readonly variant: string;
  /** The row is in both runs, or in one of them only. */
  readonly presence: 'both' | 'added' | 'removed';
  readonly cells: Readonly<Record<ColumnId, CellChange>>;
}

/**
 * FP32's median latency in both runs if it moved too much to judge other variants; null if it did not, or is unknown.
 */
const STEADY_DRIFT = 0.05;

/**
 * FP32's median latency in both runs when it moved too much to judge others by; null when it did not, or is unknown.
 */
export function referenceDrift(from: RunRecord, to: RunRecord): { readonly from: number; readonly to: number } | null {
  const medianOf = (record: RunRecord): number | undefined =>
    record.table.find((row) => row.variant === REFERENCE_VARIANT)?.latencyMs;
  const before = medianOf(from);
  const after = medianOf(to);
  if (before === undefined || after === undefined || before <= 0) return null;
  return Math.abs(after / before - 1) > STEADY_DRIFT ? { from: before, to: after } : null;
}

/** Cell by cell, from run `from` to run `to`; the order is that of `to`, removed variants last. */
export function tableChanges(from: RunRecord, to: RunRecord): readonly VariantChange[] {
  const isLatencyComparable = latencyObstacles(settingChanges(from, to)).length === 0;
  const hasDrifted = referenceDrift(from, to) !== null;
  const rowOf = (record: RunRecord, variant: string): TableRow | undefined =>
    record.table.find((row) => row.variant === variant);
  const variants = [...new Set([...to.table, ...from.table].map((row) => row.variant))];
  return variants.map((variant) => {
    const before = rowOf(from, variant);
    const after = rowOf(to, variant);
    const cells = RESULT_COLUMNS.map((column) => {
      const isComparable = isLatencyComparable || !column.isMachineBound;
      const isJudged = !hasDrifted || !column.isMachineBound || column.id === 'ratio' || column.id === 'memory';
      return [column.id, cellChange(column, { before, after, isComparable, isJudged })] as const;
    });
    const presence = before === undefined ? 'added' : after === undefined ? 'removed' : 'both';
    return { variant, presence, cells: Object.fromEntries(cells) as Record<ColumnId, CellChange> };
  });
}

interface CellPair {
  readonly before: TableRow | undefined;
  readonly after: TableRow | undefined;
  readonly isComparable: boolean;
  /** False: the difference is shown, but not as better or worse. */
  readonly isJudged: boolean;
}

function cellChange(
  column: (typeof RESULT_COLUMNS)[number],
  { before, after, isComparable, isJudged }: CellPair,
): CellChange {
  const from = before === undefined ? null : column.value(before);
  const to = after === undefined ? null : column.value(after);
  if (from === null) return { kind: to === null ? 'absent' : 'gained' };
  if (to === null) return { kind: 'lost' };
  if (!isComparable) return { kind: 'not-compared' };
  if (Math.abs(to - from) <= column.resolution) return { kind: 'same', to };
  if (!isJudged) return { kind: 'changed', from, to };
  if (column.best === 'none')
    return { kind: column.id === 'difference' ? (to > from ? 'better' : 'worse') : 'changed', from, to };
  return { kind: to > from === (column.best === 'high') ? 'better' : 'worse', from, to };
}
