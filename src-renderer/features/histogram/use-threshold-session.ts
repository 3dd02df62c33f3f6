import { useEffect, useMemo } from 'react';
import type { ThresholdRow } from '../../../src-shared/contract/views';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { t } from '../../i18n';
import { useHistogram } from '../../state/histograms';
import { useSession } from '../../state/session';
import { useFrozen } from '../../state/use-frozen';
import { analyse, draggableRange, type TensorAnalysis } from './analysis';
import {
  createLiveThreshold,
  createThresholdEditor,
  type LiveThreshold,
  type ThresholdEditor,
} from './threshold-editor';

/** The preprocessing that produced the tensor from images; null for a tensor that is not an input of the model. */
export function useImagePreprocessing(tensor: string | null): Preprocessing | null {
  const isInput = useSession((state) => tensor !== null && state.model?.inputs.includes(tensor) === true);
  const preprocessing = useSession((state) => state.project?.file.preprocessing ?? null);
  return isInput ? preprocessing : null;
}

/** The data of the inspected tensor, and its threshold while it moves. */
export interface ThresholdSession {
  readonly row: ThresholdRow;
  readonly view: NonNullable<Exclude<ReturnType<typeof useHistogram>, Error>>;
  readonly analysis: TensorAnalysis;
  readonly live: LiveThreshold;
  readonly editor: ThresholdEditor;
  readonly limits: { readonly min: number; readonly max: number };
}

/** Undefined while the histogram is loading; the error if loading failed. */
export function useThresholdSession(row: ThresholdRow | null): ThresholdSession | undefined | Error {
  const view = useHistogram(row?.name ?? null);
  const preprocessing = useImagePreprocessing(row?.name ?? null);
  // The row's numbers change with every edit; the handle and its limits stay the same until another tensor is chosen.
  const parts = useFrozen([row?.name, view, preprocessing], () => {
    if (row === null || view === undefined || view instanceof Error) return null;
    const analysis = analyse(view, preprocessing);
    const limits = draggableRange(analysis, Object.values(row.methods));
    const live = createLiveThreshold(row.threshold, requestAnimationFrame);
    const editor = createThresholdEditor(
      live,
      { minReal: limits.min, maxReal: limits.max, binWidthReal: analysis.binWidthReal },
      (thresholdReal) => {
        void setByHand(row.name, thresholdReal).then((isDone) => {
          if (!isDone) live.set(thresholdInUse(row.name) ?? row.threshold);
        });
      },
    );
    return { view, analysis, limits, live, editor };
  });

  const inUse = row?.threshold;
  useEffect(() => {
    if (parts !== null && inUse !== undefined && !parts.editor.isMoving()) parts.live.set(inUse);
  }, [parts, inUse]);
  useEffect(() => () => parts?.editor.settle(), [parts]);

  return useMemo(() => {
    if (view instanceof Error) return view;
    return row === null || parts === null ? undefined : { row, ...parts };
  }, [row, view, parts]);
}

function setByHand(tensor: string, thresholdReal: number): Promise<boolean> {
  return useSession
    .getState()
    .edit(t('histogram.edit.threshold', { tensor }), [{ kind: 'threshold', tensor, thresholdReal }]);
}

function thresholdInUse(tensor: string): number | undefined {
  return useSession.getState().thresholds?.tensors.find((row) => row.name === tensor)?.threshold;
}
