import { formatReal } from '../../../src-shared/base/units';
import { ownValue } from '../../../src-shared/base/records';
import type { RunRecord, TableRow } from '../../../src-shared/domain/runs/run-record';
import { REFERENCE_VARIANT } from '../../../src-shared/domain/runs/run-table';
import { RESULT_COLUMNS, type ColumnId } from './columns';

/** One setting that differs. `key` is a message key without its prefix, or the name of the flag for other options. */
export interface SettingChange {
  readonly key: string;
  readonly isFlag: boolean;
  readonly from: string;
  readonly to: string;
  /**
   * Why the numbers may differ: different inputs, different settings, another machine, or another version of the tool.
   */
  readonly kind: 'input' | 'setting' | 'machine' | 'tool';
}

export type Setting = Omit<SettingChange, 'from' | 'to'> & { readonly value: string };

/** The number of digits of a hash that are shown; enough to distinguish two hashes. */
const HASH_DIGITS = 10;
const hash = (sha256: string): string => sha256.slice(0, HASH_DIGITS);
const NONE = '–';

/** All settings and inputs of a run, as short texts. */
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

/** The method of each tensor that has its own, or its threshold if that was set by hand. */
function tensorsText({ tensorMethods, manualThresholds }: RunRecord['options']): string {
  return listText(
    Object.entries(tensorMethods).map(([tensor, method]) => {
      const manual = ownValue(manualThresholds, tensor);
      return method === 'manual' && manual !== undefined ? `${tensor} ${formatReal(manual)}` : `${tensor} ${method}`;
    }),
  );
}

/** The complete list, so that any difference is found; the screen truncates long texts. */
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
        : resize.kind === 'long'
          ? `long ${resize.longSide} multiple ${resize.multiple} pad ${resize.pad}`
          : `${resize.kind} ${resize.width}×${resize.height}`;
  const pad = resize.kind === 'letterbox' ? ` pad ${resize.pad}${resize.align === 'center' ? ' centred' : ''}` : '';
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

/** The setting changes that make the latencies of two runs incomparable; empty if they can be compared. */
export function latencyObstacles(changes: readonly SettingChange[]): readonly SettingChange[] {
  const forbidding: readonly string[] = ['cpu', 'cores', 'gpu', 'backend', 'threads', 'batch'];
  return changes.filter((change) => !change.isFlag && forbidding.includes(change.key));
}

/** The changes of the model or the validation images, which make the accuracies of two runs incomparable. */
export function accuracyObstacles(changes: readonly SettingChange[]): readonly SettingChange[] {
  return changes.filter((change) => !change.isFlag && (change.key === 'model' || change.key === 'validationSet'));
}

export type CellChange =
  | { readonly kind: 'gained' | 'lost' | 'absent' | 'not-compared' }
  | { readonly kind: 'same'; readonly to: number }
  | { readonly kind: 'better' | 'worse' | 'changed'; readonly from: number; readonly to: number };

export interface VariantChange {
  readonly variant: string;
  /** Whether the row is in both runs, only in the new one, or only in the old one. */
  readonly presence: 'both' | 'added' | 'removed';
  readonly cells: Readonly<Record<ColumnId, CellChange>>;
}

/** The relative change of FP32's median latency up to which latencies of two runs are comparable. */
const STEADY_DRIFT = 0.05;

/**
 * FP32's median latency in both runs if it changed too much to compare other variants; null if it did not, or is
 * unknown.
 */
export function referenceDrift(from: RunRecord, to: RunRecord): { readonly from: number; readonly to: number } | null {
  const medianOf = (record: RunRecord): number | undefined =>
    record.table.find((row) => row.variant === REFERENCE_VARIANT)?.latencyMs;
  const before = medianOf(from);
  const after = medianOf(to);
  if (before === undefined || after === undefined || before <= 0) return null;
  return Math.abs(after / before - 1) > STEADY_DRIFT ? { from: before, to: after } : null;
}

/** The changes of all cells from run `from` to run `to`, in the order of `to`; removed variants come last. */
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
  /** If false, the difference is shown, but not marked as better or worse. */
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
