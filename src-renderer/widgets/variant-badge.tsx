import { parseVariant } from '../../src-shared/domain/project/variant';
import { PrecisionBadge } from './badge';

/** 8, 16 or 32 as for precisions; a mixed plan has both colours. */
export function VariantBadge({ variant }: { readonly variant: string }) {
  const kind = variantKind(variant);
  if (kind !== 'mixed') return <PrecisionBadge precision={kind} />;
  return (
    <span className="badge badge-mixed" aria-hidden="true">
      8·16
    </span>
  );
}

/** A record may name a variant that this version does not know; it is shown as a mixed one. */
function variantKind(variant: string): ReturnType<typeof parseVariant>['kind'] {
  try {
    return parseVariant(variant).kind;
  } catch {
    return 'mixed';
  }
}

/** The colour of a variant on charts: that of its precision. */
export function variantColor(variant: string): string {
  return `var(--${variantKind(variant)})`;
}
