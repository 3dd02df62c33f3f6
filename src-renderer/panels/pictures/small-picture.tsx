import { useEffect, useMemo, useRef, useState } from 'react';
import type { SetName } from '../../../src-shared/contract/requests';
import { CLEAR_SCORE } from '../../../src-shared/domain/measures/detection-images';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { useImageAnswers } from '../../state/image-answers';
import { useThumbnail } from '../../state/use-thumbnail';
import { classNames } from '../../widgets/class-names';
import { Icon } from '../../widgets/icons';
import type { LayerChoice } from '../../widgets/picture/legend';
import type { PictureLayer } from '../../widgets/picture/layers';
import { PicturePane } from '../../widgets/picture/picture-pane';
import { failures, pictureContent } from './picture-content';
import styles from './small-picture.module.css';

/** Twice the displayed size, for high-density screens. */
const SMALL_PX = 320;

interface SmallPictureProps {
  readonly set: SetName;
  readonly imageId: string;
  /** The variants whose answers are computed. */
  readonly variants: readonly string[];
  readonly runId?: string | undefined;
  /** Tried out instead of the project's task; null: not decided. */
  readonly task?: Task | null;
  /** One picture for each of these variants, side by side, with the truth; or everything in one picture. */
  readonly shown: readonly string[] | 'together';
  readonly isBright?: boolean;
  readonly isTall?: boolean;
}

/** Small pictures of one image with boxes or masks, one per answer. Nothing is loaded before they are in sight. */
export function SmallPicture(props: SmallPictureProps) {
  const root = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(root);
  return (
    <div ref={root} className={classNames(styles.root, props.isTall === true && styles.tall)}>
      {isSeen ? <Loaded {...props} /> : <Empty reason={null} />}
    </div>
  );
}

function Loaded({ set, imageId, variants, runId, task, shown, isBright = false }: SmallPictureProps) {
  const photograph = useThumbnail(set, imageId, SMALL_PX);
  const answers = useImageAnswers(
    {
      set,
      imageId,
      variants,
      ...(runId === undefined ? {} : { runId }),
      ...(task === undefined || task === null ? {} : { task }),
    },
    task !== undefined,
  );
  const url = photograph.kind === 'ready' ? photograph.url : null;
  const content = useMemo(() => (answers.kind === 'ready' ? pictureContent(answers.view, url) : null), [answers, url]);
  if (answers.kind === 'failed') return <Empty reason={answers.reason} />;
  if (answers.kind === 'loading' || content === null) return <Empty reason={null} />;
  const { layers } = content;
  const panes =
    shown === 'together'
      ? [{ key: '', choice: together(layers), caption: null }]
      : layers
          .filter(({ id }) => shown.includes(id))
          .map((layer) => ({
            key: layer.id,
            choice: choiceOf(layer, layers),
            caption: `${layer.letter} ${layer.name}`,
          }));
  const failed = failures(answers.view);
  return (
    <>
      {panes.map(({ key, choice, caption }) => (
        <figure key={key} className={styles.figure}>
          <div className={styles.picture}>
            <PicturePane content={content} choice={choice} difference={null} name={imageId} isBright={isBright} />
          </div>
          {caption === null ? null : <figcaption>{caption}</figcaption>}
        </figure>
      ))}
      {failed.length === 0 ? null : (
        <p className={styles.failed} role="alert">
          {failed.join(' ')}
        </p>
      )}
    </>
  );
}

function together(layers: readonly PictureLayer[]): LayerChoice {
  return {
    shown: layers.map(({ id }) => id),
    minScore: CLEAR_SCORE,
    mask: layers.findLast(({ mask }) => mask !== null)?.id ?? null,
  };
}

/** The boxes of one answer with those of the truth, or its mask. */
function choiceOf(layer: PictureLayer, layers: readonly PictureLayer[]): LayerChoice {
  const truth = layers.find(({ id }) => id === 'truth');
  return {
    shown: truth === undefined ? [layer.id] : [truth.id, layer.id],
    minScore: CLEAR_SCORE,
    mask: layer.mask === null ? null : layer.id,
  };
}

/** In place of a picture that is loading, or that failed for a reason. */
function Empty({ reason }: { readonly reason: string | null }) {
  return (
    <span className={styles.empty} title={reason ?? undefined} aria-busy={reason === null}>
      <Icon name={reason === null ? 'image' : 'warning'} size={20} {...(reason === null ? {} : { label: reason })} />
    </span>
  );
}

/** Whether an element has been in sight; true at once where the browser cannot tell. */
function useSeen(element: { readonly current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    if (isSeen || element.current === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, isSeen]);
  return isSeen;
}
