import { useMemo, useState } from 'react';
import type { SetName } from '../../../../src-shared/contract/requests';
import type { ImageView } from '../../../../src-shared/contract/views';
import type { Task } from '../../../../src-shared/domain/tasks/task';
import { t } from '../../../i18n';
import { LargePicture } from '../../../panels/pictures/large-picture';
import { PictureButton } from '../../../panels/pictures/picture-button';
import { SmallPicture } from '../../../panels/pictures/small-picture';
import { spreadOver } from './task-draft';
import styles from './task-pictures.module.css';

const SHOWN = 3;
const FP32: readonly string[] = ['fp32'];

interface TaskPicturesProps {
  readonly set: SetName;
  readonly images: readonly ImageView[];
  /** The image that is selected, which is one of the three. */
  readonly chosenId: string | null;
  readonly task: Task | null;
}

/** Three images with FP32's answers, read with settings that may not be saved yet. */
export function TaskPictures({ set, images, chosenId, task }: TaskPicturesProps) {
  const [large, setLarge] = useState<number | null>(null);
  const ids = useMemo(() => {
    const spread = spreadOver(images, SHOWN).map(({ id }) => id);
    return chosenId === null || spread.includes(chosenId) ? spread : [chosenId, ...spread.slice(1)];
  }, [images, chosenId]);
  return (
    <section className={styles.root} aria-label={t('task.pictures')}>
      <p className="dim">{t('task.pictures.note')}</p>
      <div className={styles.pictures}>
        {ids.map((imageId, index) => (
          <figure key={imageId} className={styles.figure}>
            <PictureButton imageId={imageId} onOpen={() => setLarge(index)}>
              <SmallPicture set={set} imageId={imageId} variants={FP32} task={task} shown="together" isTall />
            </PictureButton>
            <figcaption className="ellipsis mono" title={imageId}>
              {imageId}
            </figcaption>
          </figure>
        ))}
      </div>
      {large === null ? null : (
        <LargePicture
          set={set}
          images={ids}
          index={large}
          variants={FP32}
          task={task}
          onMove={setLarge}
          onClose={() => setLarge(null)}
        />
      )}
    </section>
  );
}
