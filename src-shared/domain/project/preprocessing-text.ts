import type { Preprocessing } from './preprocessing';

/** The command-line flags for a preprocessing. */
export function preprocessingFlags(preprocessing: Preprocessing): readonly string[] {
  const { resize, crop } = preprocessing;
  const flags: string[] = [];
  if (resize.kind === 'stretch') flags.push('--resize', `${resize.width}x${resize.height}`);
  if (resize.kind === 'short') flags.push('--resize-short', String(resize.shortSide));
  if (resize.kind === 'long')
    flags.push(
      '--resize-long',
      String(resize.longSide),
      '--multiple',
      String(resize.multiple),
      '--pad',
      String(resize.pad),
    );
  if (resize.kind === 'letterbox') {
    flags.push('--letterbox', `${resize.width}x${resize.height}`, '--pad', String(resize.pad));
    if (resize.align === 'center') flags.push('--letterbox-align', 'center');
  }
  if (crop !== null)
    flags.push('--crop', `${crop.width}x${crop.height}`, '--crop-rounding', preprocessing.cropRounding ?? 'down');
  flags.push('--order', preprocessing.order, '--scale', scaleText(preprocessing.scale));
  flags.push(
    '--mean',
    preprocessing.mean.join(','),
    '--std',
    preprocessing.std.join(','),
    '--layout',
    preprocessing.layout,
  );
  return preprocessing.orientation === 'apply' ? [...flags, '--orientation', 'apply'] : flags;
}

/** Writes 0.00392... as 1/255. */
export function scaleText(scale: number): string {
  const inverse = Math.round(1 / scale);
  return inverse > 1 && 1 / inverse === scale ? `1/${inverse}` : String(scale);
}
