import { formatCount, formatDuration } from '../../src-shared/base/units';
import type { WorkbenchApi } from '../../src-shared/contract/api';
import type { AnalysisSpec } from '../../src-shared/contract/job-specs';

/** Says what an analysis will cost before it starts. */
export async function announceCost(api: WorkbenchApi, spec: AnalysisSpec, note: (text: string) => void): Promise<void> {
  const { trials, images, passes, seconds } = await api.getAnalysisCost({ spec });
  const time = seconds === null ? '' : `, about ${formatDuration(seconds)}`;
  note(`at most ${formatCount(trials)} models on ${formatCount(images)} images: ${formatCount(passes)} passes${time}`);
}
