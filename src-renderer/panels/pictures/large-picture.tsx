import { type ReactNode, useMemo } from 'react';
import { create } from 'zustand';
import type { SetName } from '../../../src-shared/contract/requests';
import { CLEAR_SCORE } from '../../../src-shared/domain/measures/detection-images';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { type AnswersRequest, type ImageAnswers, useImageAnswers } from '../../state/image-answers';
import { type Thumbnail, useThumbnail } from '../../state/use-thumbnail';
import type { PictureContent } from '../../widgets/picture/picture-pane';
import { PictureViewer, type ViewerSettings } from '../../widgets/picture/picture-viewer';
import { failures, pictureContent } from './picture-content';

/** Longest side of the photograph in the viewer, in pixels. */
const LARGE_PX = 1600;

/** How pictures are shown: kept from one picture and one screen to the next. */
export const usePictureSettings = create<{
  readonly settings: ViewerSettings;
  readonly set: (settings: ViewerSettings) => void;
}>()((set) => ({
  settings: { hidden: [], minScore: CLEAR_SCORE, mask: null, arrangement: 'together', isBright: false },
  set: (settings) => set({ settings }),
}));

interface LargePictureProps {
  readonly set: SetName;
  /** Ids of the images to walk through. */
  readonly images: readonly string[];
  readonly index: number;
  /** The variants whose answers are shown, FP32 first. */
  readonly variants: readonly string[];
  /** Plan and thresholds of this run instead of the project's. */
  readonly runId?: string | undefined;
  /** Tried out instead of the project's task; null: not decided. */
  readonly task?: Task | null;
  readonly facts?: ReactNode;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** An image of the open project in the viewer, with the answers of variants. */
export function LargePicture(props: LargePictureProps) {
  const { set, images, index, variants, runId, task, facts, onMove, onClose } = props;
  const { settings, set: keep } = usePictureSettings();
  const imageId = images[index] ?? '';
  const photograph = useThumbnail(set, imageId, LARGE_PX);
  const request = useMemo<AnswersRequest>(
    () => ({
      set,
      imageId,
      variants,
      ...(runId === undefined ? {} : { runId }),
      ...(task === undefined || task === null ? {} : { task }),
    }),
    [set, imageId, variants, runId, task],
  );
  const answers = useImageAnswers(request);
  const content = useContent(photograph, answers);
  return (
    <PictureViewer
      index={index}
      count={images.length}
      name={imageId}
      content={content}
      problem={problemOf(photograph, answers)}
      facts={facts}
      settings={settings}
      onSettings={keep}
      onMove={onMove}
      onClose={onClose}
    />
  );
}

/** The picture with its answers; the photograph alone if there are none; null while something is loading. */
function useContent(photograph: Thumbnail, answers: ImageAnswers): PictureContent | null {
  return useMemo(() => {
    const url = photograph.kind === 'ready' ? photograph.url : null;
    if (answers.kind === 'ready') return pictureContent(answers.view, url);
    if (answers.kind === 'loading' || photograph.kind !== 'ready') return null;
    return { url, size: photograph, layers: [], classNames: [], background: null };
  }, [photograph, answers]);
}

function problemOf(photograph: Thumbnail, answers: ImageAnswers): string | null {
  if (photograph.kind === 'failed') return photograph.reason;
  if (answers.kind === 'failed') return answers.reason;
  const failed = answers.kind === 'ready' ? failures(answers.view) : [];
  return failed.length === 0 ? null : failed.join(' ');
}
