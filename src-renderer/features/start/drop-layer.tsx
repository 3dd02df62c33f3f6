import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatCount } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { Dialog } from '../../widgets/dialog';
import { Meter } from '../../widgets/states';
import { itemsOfDrop, nameOfPath } from './drop-plan';
import { type DropStep, useDrop } from './drop-store';
import { NewProjectDialog, Refused } from './new-project-dialog';
import { classNames } from '../../widgets/class-names';
import styles from './drop-layer.module.css';

/** Accepts drops anywhere in the window: indicates that a drop is possible, and shows the next step. */
export function DropLayer() {
  const step = useDrop((state) => state.step);
  const refused = useDrop((state) => state.refused);
  const close = useDrop((state) => state.close);
  const isOver = useWindowDrop();
  return (
    <>
      {isOver ? <DropTarget /> : null}
      {step?.kind === 'sending' ? <Sending step={step} /> : null}
      {step?.kind === 'ask-set' ? <AskSet path={step.path} /> : null}
      {step?.kind === 'new-project' ? <NewProjectDialog draft={step.draft} /> : null}
      {step === null && refused.length > 0 ? (
        <Dialog
          title={t('start.unknownTitle')}
          onClose={close}
          actions={<Button onClick={close}>{t('widgets.close')}</Button>}
        >
          <Refused refused={refused} />
          <p className="dim">{t('start.canDrop')}</p>
          <DropWords />
        </Dialog>
      ) : null}
    </>
  );
}

/** True while files are dragged over the window. */
function useWindowDrop(): boolean {
  const drop = useDrop((state) => state.drop);
  const [isOver, setOver] = useState(false);
  // Entering a child element fires before leaving its parent, so entries are counted.
  const depth = useRef(0);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const move =
      (change: number) =>
      (event: DragEvent): void => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth.current = Math.max(0, depth.current + change);
        setOver(depth.current > 0);
      };
    const onDrop = (event: DragEvent): void => {
      if (event.dataTransfer === null || !hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      void drop(itemsOfDrop(event.dataTransfer));
    };
    const listeners = { dragenter: move(1), dragleave: move(-1), dragover: move(0), drop: onDrop };
    for (const [type, listener] of Object.entries(listeners)) window.addEventListener(type, listener as EventListener);
    return () => {
      for (const [type, listener] of Object.entries(listeners))
        window.removeEventListener(type, listener as EventListener);
    };
  }, [drop]);
  return isOver;
}

function DropTarget() {
  return (
    <div className={styles.over}>
      <div className={styles.overBox}>
        <h2>{t('start.dropHere')}</h2>
        <DropWords />
      </div>
    </div>
  );
}

/** Explains what can be dropped, and what will be done with it. */
export function DropWords() {
  return (
    <ul className={styles.words}>
      {(['model', 'folder', 'project', 'cache'] as const).map((kind) => (
        <li key={kind}>
          <strong>{t(`start.drop.${kind}`)}</strong> {t(`start.drop.${kind}.what`)}
        </li>
      ))}
    </ul>
  );
}

function Sending({ step }: { readonly step: Extract<DropStep, { kind: 'sending' }> }) {
  const { doneFiles, totalFiles, doneBytes, totalBytes } = step.progress;
  const text = t('start.sent', {
    done: formatCount(doneFiles),
    total: formatCount(totalFiles),
    doneBytes: formatBytes(doneBytes),
    totalBytes: formatBytes(totalBytes),
  });
  return (
    <Dialog
      title={t('start.sending')}
      onClose={step.cancel}
      actions={<Button onClick={step.cancel}>{t('start.cancel')}</Button>}
    >
      <Meter label={t('start.sending')} value={doneBytes} total={totalBytes} text={text} />
      <p>{text}</p>
    </Dialog>
  );
}

function AskSet({ path }: { readonly path: string }) {
  const project = useSession((state) => state.project);
  const apply = useDrop((state) => state.useAs);
  const close = useDrop((state) => state.close);
  const refused = useDrop((state) => state.refused);
  if (project === null) return null;
  return (
    <Dialog title={t('start.askSet', { folder: nameOfPath(path) })} onClose={close}>
      <Refused refused={refused} />
      <p className={classNames(styles.path, 'dim')}>{path}</p>
      <div className={styles.choices}>
        <button type="button" className={styles.choice} data-autofocus onClick={() => void apply('calibration')}>
          <strong>{t('start.asCalibration')}</strong>
          <span>{t('start.asCalibrationWhat')}</span>
          <span className="dim ellipsis">{t('start.now', { path: project.file.calibrationSet.path })}</span>
        </button>
        <button type="button" className={styles.choice} onClick={() => void apply('validation')}>
          <strong>{t('start.asValidation')}</strong>
          <span>{t('start.asValidationWhat')}</span>
          <span className="dim ellipsis">
            {t('start.now', { path: project.file.validationSet?.path ?? t('start.none') })}
          </span>
        </button>
        {project.calibrated ? (
          <button type="button" className={styles.choice} onClick={() => void apply('field')}>
            <strong>{t('start.asField')}</strong>
            <span>{t('start.asFieldWhat')}</span>
          </button>
        ) : null}
      </div>
    </Dialog>
  );
}
