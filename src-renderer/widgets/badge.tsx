import type { ReactNode } from 'react';
import { methodProperty } from '../../src-shared/domain/palette';
import type { Method } from '../../src-shared/domain/project/methods';
import type { LayerFormat, PrecisionChoice } from '../../src-shared/domain/project/precision';
import { parseVariant } from '../../src-shared/domain/project/variant';
import { t } from '../i18n';
import styles from './badge.module.css';
import { classNames } from './class-names';

/**
 * Letters for precisions and methods. They are shown together with the colours, so that colour is never the only sign.
 */
export const PRECISION_LETTERS: Readonly<Record<LayerFormat, string>> = {
  int8: '8',
  fp16: '16',
  fp32: '32',
  fp8: 'F8',
  w4: 'W4',
};

export const METHOD_LETTERS: Readonly<Record<Method, string>> = {
  best: 'B',
  minmax: 'M',
  entropy: 'E',
  'entropy-tensorrt': 'T',
  percentile: 'P',
  mse: 'S',
  auto: 'A',
  learned: 'L',
  imported: 'I',
  manual: 'H',
};

export function methodColor(method: Method): string {
  return `var(${methodProperty(method)})`;
}

const BADGE_CLASSES: Readonly<Record<LayerFormat, string>> = {
  int8: classNames(styles.root, styles.int8),
  fp16: classNames(styles.root, styles.fp16),
  fp32: classNames(styles.root, styles.fp32),
  fp8: classNames(styles.root, styles.fp8),
  w4: classNames(styles.root, styles.w4),
};

/** The letters of the format on its colour. It is a single element because tables draw hundreds of them. */
export function PrecisionBadge({ precision, title }: { readonly precision: LayerFormat; readonly title?: string }) {
  return (
    <span
      className={BADGE_CLASSES[precision]}
      role="img"
      aria-label={precision.toUpperCase()}
      title={title ?? precision.toUpperCase()}
    >
      {PRECISION_LETTERS[precision]}
    </span>
  );
}

/** The choice of the plan for a layer: a precision, or Auto. */
export function ChoiceBadge({ choice }: { readonly choice: PrecisionChoice }) {
  return choice === 'auto' ? <span className="dim">{t('precision.auto')}</span> : <PrecisionBadge precision={choice} />;
}

/** The letter of a method in its colour. `title` is its name. */
export function MethodBadge({ method, title }: { readonly method: Method; readonly title: string }) {
  return (
    <span className={classNames(styles.root, styles.method)} style={{ color: methodColor(method) }} title={title}>
      <span aria-hidden="true">{METHOD_LETTERS[method]}</span>
      <span className="visually-hidden">{title}</span>
    </span>
  );
}

const TAG_CLASSES = {
  neutral: undefined,
  good: styles.tagGood,
  warning: styles.tagWarning,
  danger: styles.tagDanger,
};

interface TagProps {
  readonly children: ReactNode;
  readonly tone?: 'neutral' | 'good' | 'warning' | 'danger';
  readonly title?: string;
}

/** A short status: `calibrated`, `3 clipped`. */
export function Tag({ children, tone = 'neutral', title }: TagProps) {
  return (
    <span className={classNames(styles.tag, TAG_CLASSES[tone])} {...(title === undefined ? {} : { title })}>
      {children}
    </span>
  );
}

/** The letters of the format; a mixed plan has both colours. */
export function VariantBadge({ variant }: { readonly variant: string }) {
  const kind = variantKind(variant);
  if (kind !== 'mixed') return <PrecisionBadge precision={kind} />;
  return (
    <span className={classNames(styles.root, styles.mixed)} aria-hidden="true">
      8·16
    </span>
  );
}

/** A variant that this version does not know, and the model as it came, are displayed as a mixed plan. */
export function variantKind(variant: string): LayerFormat | 'mixed' {
  try {
    const { kind } = parseVariant(variant);
    return kind === 'as-imported' ? 'mixed' : kind;
  } catch {
    return 'mixed';
  }
}

/** The colour of a variant on charts: that of its precision. */
export function variantColor(variant: string): string {
  return `var(--${variantKind(variant)})`;
}
