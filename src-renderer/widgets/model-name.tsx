import { createContext, useContext } from 'react';
import type { LayerView, ModelView } from '../../src-shared/contract/views';
import { t } from '../i18n';
import { classNames } from './class-names';
import styles from './model-name.module.css';

/**
 * A name in three parts. When space is short, the suffix is truncated first, then the start, because the end of the
 * path identifies a layer.
 */
export interface SplitName {
  readonly start: string;
  readonly end: string;
  /** What PyTorch's exporter appends to the name of a layer for its outputs. */
  readonly suffix: string;
}

/** Shorter names are not divided. */
const WHOLE_MAX = 18;
/**
 * The end begins at a step of the path if one leaves it neither too long nor too short, else it has the least length.
 */
const END_LEAST = 8;
const END_MOST = 20;

export function splitName(name: string): SplitName {
  const suffix = /_output_\d+$/.exec(name)?.[0] ?? '';
  const path = name.slice(0, name.length - suffix.length);
  if (path.length <= WHOLE_MAX) return { start: '', end: path, suffix };
  const firstOf = (marks: RegExp): number | undefined =>
    [...path.matchAll(marks)]
      .map(({ index }) => index)
      .find((at) => path.length - at >= END_LEAST && path.length - at <= END_MOST);
  const at = firstOf(/\//g) ?? firstOf(/[.:]/g) ?? path.length - END_LEAST;
  return { start: path.slice(0, at), end: path.slice(at), suffix };
}

/** Names that exporters generate from a number: `683`, `input.24`, but not `onnx::Conv_12`, which has an operator. */
const NUMBER_ONLY = /^(?:(?:input|x|tensor|value|onnx::)[._]?)?\d+$/i;

interface NameIndex {
  readonly writers: ReadonlyMap<string, LayerView>;
  readonly layers: ReadonlyMap<string, LayerView>;
}

const indexByModel = new WeakMap<ModelView, NameIndex>();

function indexOf(model: ModelView): NameIndex {
  const known = indexByModel.get(model);
  if (known !== undefined) return known;
  const index: NameIndex = {
    writers: new Map(model.layers.flatMap((layer) => layer.outputs.map((tensor) => [tensor, layer] as const))),
    layers: new Map(model.layers.map((layer) => [layer.layer, layer])),
  };
  indexByModel.set(model, index);
  return index;
}

const NEIGHBOURS_MAX = 2;

/**
 * Describes a tensor or layer whose name is only a number: `Sigmoid after Conv_12`. Null for other names and unknown
 * tensors.
 */
export function nameNote(model: ModelView | null, name: string): string | null {
  if (model === null || !NUMBER_ONLY.test(name)) return null;
  const { writers, layers } = indexOf(model);
  const layer = writers.get(name) ?? layers.get(name);
  if (layer === undefined) return null;
  const before = [...new Set(layer.inputs)]
    .slice(0, NEIGHBOURS_MAX)
    .map((tensor) => neighbourName(writers.get(tensor), tensor));
  return before.length === 0 ? layer.op : t('widgets.name.after', { op: layer.op, layers: before.join(', ') });
}

function neighbourName(writer: LayerView | undefined, tensor: string): string {
  if (writer === undefined) return tensor;
  return NUMBER_ONLY.test(writer.layer) ? writer.op : (writer.layer.split('/').at(-1) ?? writer.layer);
}

/** The whole name with its note, as a tooltip. */
export function fullName(model: ModelView | null, name: string): string {
  const note = nameNote(model, name);
  return note === null ? name : `${name}, ${note}`;
}

/**
 * The model whose layers and tensors `ModelName` names; null while it is unknown. The frame of the window provides it.
 */
export const NamedModel = createContext<ModelView | null>(null);

interface ModelNameProps {
  /** The full name of a layer or tensor. */
  readonly name: string;
  /** A shorter name to display, if the context gives the rest. */
  readonly short?: string;
}

/**
 * The name of a layer or tensor in a list: cut in the middle where room is short, whole on hover; a name that is only a
 * number is followed by its operator and neighbours.
 */
export function ModelName({ name, short = name }: ModelNameProps) {
  const model = useContext(NamedModel);
  const note = nameNote(model, name);
  const { start, end, suffix } = splitName(short);
  return (
    <span className={styles.root} title={fullName(model, name)}>
      <span className={styles.path}>
        {start === '' ? null : <span className={styles.start}>{start}</span>}
        <span className={styles.end}>{end}</span>
      </span>
      {suffix === '' ? null : <span className={styles.suffix}>{suffix}</span>}
      {note === null ? null : <span className={classNames(styles.suffix, 'dim')}>, {note}</span>}
    </span>
  );
}
