import { WorkbenchError } from '../../../src-shared/base/errors';
import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import type { Model } from '../../onnx/graph/model';

/**
 * @throws WorkbenchError 'not-found' if the plan names a layer that the model does not have; suggests similar names.
 */
export function requirePlannedLayers(plan: PrecisionPlan, model: Model): void {
  const layers = new Set(model.graph.node.map((node) => node.name));
  const named = [...Object.keys(plan.layers), ...Object.keys(plan.weights ?? {})];
  const missing = [...new Set(named)].filter((layer) => !layers.has(layer));
  const [first] = missing;
  if (first === undefined) return;
  const near = nearNames(first, [...layers]);
  const others = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
  throw new WorkbenchError(
    'not-found',
    `The precision plan names layer "${first}"${others}, which the model does not have`,
    {
      hint:
        near.length > 0
          ? `Near names: ${near.map((name) => `"${name}"`).join(', ')}`
          : 'The plan belongs to another model.',
    },
  );
}

/** Up to three names within an edit distance of a third of the wanted name's length, nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  return names
    .filter((name) => Math.abs(name.length - wanted.length) <= limit)
    .map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
