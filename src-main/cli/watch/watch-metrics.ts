import type { BatchDrift, BatchState } from '../../../src-shared/domain/health/field-batch';
import { metricFamily, type Sample } from '../ci/exposition';

/** How a batch ended; `failed`: the comparison itself failed. */
export type BatchOutcome = BatchState | 'failed';
const OUTCOMES: readonly BatchOutcome[] = ['covered', 'drifted', 'unclear', 'empty', 'failed'];

interface GroupState {
  images: number;
  damaged: number;
  readonly batches: Map<BatchOutcome, number>;
  last: { readonly batch: BatchDrift; readonly atMs: number } | null;
}

function newState(): GroupState {
  return { images: 0, damaged: 0, batches: new Map<BatchOutcome, number>(), last: null };
}

/** What a watch has seen, as Prometheus metrics. */
export class WatchMetrics {
  private readonly groups = new Map<string, GroupState>();
  private webhookFailures = 0;
  /** Images that wait for a batch or are still being written. */
  waiting = 0;
  isFolderReadable = true;

  constructor(
    private readonly project: string,
    private readonly limit: number,
  ) {}

  count(group: string | null, outcome: BatchOutcome, batch: BatchDrift | null, nowMs: number): void {
    const state = this.groups.get(group ?? '') ?? newState();
    this.groups.set(group ?? '', state);
    state.batches.set(outcome, (state.batches.get(outcome) ?? 0) + 1);
    if (batch === null) return;
    state.images += batch.images;
    state.damaged += batch.skipped.length;
    if (batch.images > 0) state.last = { batch, atMs: nowMs };
  }

  countWebhookFailure(): void {
    this.webhookFailures += 1;
  }

  /** Exposition format 0.0.4. */
  text(): string {
    const own = { project: this.project };
    const perGroup = (valueOf: (state: GroupState) => number | undefined): readonly Sample[] =>
      [...this.groups].flatMap(([group, state]) => {
        const value = valueOf(state);
        return value === undefined ? [] : [{ labels: { ...own, group }, value }];
      });
    const batches = [...this.groups].flatMap(([group, state]) =>
      OUTCOMES.map((outcome) => ({
        labels: { ...own, group, state: outcome },
        value: state.batches.get(outcome) ?? 0,
      })),
    );
    const single = (value: number): readonly Sample[] => [{ labels: own, value }];
    const last = (read: (batch: BatchDrift) => number): readonly Sample[] =>
      perGroup((state) => (state.last === null ? undefined : read(state.last.batch)));
    return [
      metricFamily(
        'calib_watch_drift',
        'drift of the last batch, best estimate',
        last(({ drift }) => drift),
      ),
      metricFamily(
        'calib_watch_drift_at_least',
        'drift of the last batch without the noise of few images; compared with the limit',
        last(({ driftAtLeast }) => driftAtLeast),
      ),
      metricFamily('calib_watch_drift_limit', 'limit of drift', single(this.limit)),
      metricFamily(
        'calib_watch_clipped_ratio',
        'share of values beyond the threshold of the tensor that clips most, last batch',
        last(({ clippedFraction }) => clippedFraction),
      ),
      metricFamily(
        'calib_watch_batch_images',
        'images of the last batch',
        last(({ images }) => images),
      ),
      metricFamily(
        'calib_watch_batch_timestamp_seconds',
        'time of the last batch',
        perGroup((state) => (state.last === null ? undefined : state.last.atMs / 1000)),
      ),
      metricFamily(
        'calib_watch_images_total',
        'images that were compared',
        perGroup(({ images }) => images),
        'counter',
      ),
      metricFamily(
        'calib_watch_damaged_images_total',
        'images that cannot be read',
        perGroup(({ damaged }) => damaged),
        'counter',
      ),
      metricFamily('calib_watch_batches_total', 'batches by how they ended', batches, 'counter'),
      metricFamily('calib_watch_waiting_images', 'images that wait for a batch', single(this.waiting)),
      metricFamily(
        'calib_watch_folder_readable',
        'whether the watched folder can be read',
        single(this.isFolderReadable ? 1 : 0),
      ),
      metricFamily(
        'calib_watch_webhook_failures_total',
        'calls of the webhook that failed',
        single(this.webhookFailures),
        'counter',
      ),
    ]
      .flat()
      .map((line) => `${line}\n`)
      .join('');
  }
}
