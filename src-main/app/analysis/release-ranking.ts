import { releaseCostUs } from '../../../src-shared/domain/runs/latency-model';
import { chooseImages } from '../../analysis/choose-images';
import type { ReleaseOrder } from '../../analysis/release-order';
import type { Trial } from '../../analysis/trials';
import type { JobContext } from '../job-context';
import type { AnalysisSetup, UsedImages } from './analysis-setup';
import { layerWorks } from './search-setup';

/**
 * The layers by what their release alone wins back.
 * @param base layers that are not in INT8 win nothing
 * @param images those that choose, at most `count` of them; only these layers, or all
 * @returns null if no layer runs in INT8
 */
export async function releaseRanking(
  base: Trial,
  setup: AnalysisSetup,
  {
    images: { set, entries },
    count,
    layers: wanted,
  }: { readonly images: UsedImages; readonly count: number; readonly layers?: readonly string[] },
  job: JobContext,
): Promise<Pick<ReleaseOrder, 'error' | 'ranking'> | null> {
  const layers = layerWorks(setup)
    .filter(({ layer }) => wanted?.includes(layer) ?? true)
    .map(({ layer, work }) => ({ layer, costUs: releaseCostUs(work) }));
  if (layers.length === 0) return null;
  const trials = await setup.trials([{ set, entries: chooseImages(entries, count) }]);
  return job.services.compute.request('release-order', { base, layers, maxLayers: 0, steps: 0, trials }, job);
}
