import { parseVariant } from '../../../src-shared/domain/variant';
import { PrecisionBadge } from '../../widgets/badge';

/** 8, 16 or 32 as for precisions; a mixed plan has both colours. */
export function VariantBadge({ variant }: { readonly variant: string }) {
  const { kind } = parseVariant(variant);
  if (kind !== 'mixed') return <PrecisionBadge precision={kind} />;
  return (
    <span className="badge run-badge-mixed" aria-hidden="true">
      8·16
    </span>
  );
}
