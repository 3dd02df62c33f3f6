import { useMemo, useState } from 'react';
import type { ImageSetView, ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useCommands, type Command } from '../../state/commands';
import { useSession } from '../../state/session';
import { LargePicture } from '../../panels/pictures/large-picture';
import { Button } from '../../widgets/button';
import { Segmented } from '../../widgets/fields';
import { EmptyState, ErrorBox } from '../../widgets/states';
import { ThreePanes } from '../../widgets/three-panes';
import { filterImages, type ImageFilter, labelName, NO_FILTER, shownImage, useData, useImageSet } from './data-store';
import { Health } from './health/health';
import { InputsPanel } from './inputs-panel';
import { PreprocessingPanel } from './preprocessing-panel';
import { PreviewPane } from './preview-pane';
import { SetPanel } from './set-panel';
import { ThumbnailGrid } from './thumbnail-grid';
import { type PreprocessingEditor, usePreprocessing } from './preprocessing-draft';
import { useTask } from './task/task-draft';
import { TaskPanel } from './task/task-panel';
import { TaskPictures } from './task/task-pictures';
import { usePreview } from './use-preview';
import { useThumbnailCache } from './thumbnails';
import shared from './data.module.css';
import styles from './data-screen.module.css';

export function DataScreen() {
  const project = useSession((state) => state.project);
  if (project === null) return <EmptyState title={t('data.noProject')} />;
  return <DataView key={project.path} project={project} />;
}

function DataView({ project }: { readonly project: ProjectView }) {
  const isHealth = useData((state) => state.view === 'health');
  useViewCommands();
  return isHealth ? <Health project={project} /> : <Images project={project} />;
}

function Images({ project }: { readonly project: ProjectView }) {
  const { set: name, filter, imageId, inspector, filterBy, showImage } = useData();
  const set = useImageSet(project, name);
  const editor = usePreprocessing(project);
  usePreprocessingCommands(editor);
  const task = useTask(project);
  const [large, setLarge] = useState<number | null>(null);
  const view = set === undefined || set === null || set instanceof Error ? null : set;
  const images = useMemo(() => (view === null ? [] : filterImages(view.images, filter)), [view, filter]);
  const ids = useMemo(() => images.map(({ id }) => id), [images]);
  const image = shownImage(images, imageId);
  const state = usePreview(
    image === null || inspector === 'task'
      ? null
      : { projectPath: project.path, set: name, imageId: image.id, preprocessing: editor.value },
  );
  const path = (name === 'calibration' ? project.file.calibrationSet : project.file.validationSet)?.path ?? null;
  return (
    <ThreePanes
      left={<SetPanel name={name} path={path} set={view} filter={filter} onFilter={filterBy} />}
      main={
        view === null ? (
          <Missing set={set} name={name} />
        ) : (
          <div className={styles.main}>
            {inspector === 'task' ? (
              <TaskPictures set={name} images={images} chosenId={image?.id ?? null} task={task.value} />
            ) : (
              <PreviewPane
                set={name}
                image={image}
                state={state}
                onOpen={() => setLarge(image === null ? null : ids.indexOf(image.id))}
              />
            )}
            <GridHead set={view} filter={filter} shown={images.length} onClear={() => filterBy(NO_FILTER)} />
            <Grid project={project} view={view} images={images} shownId={image?.id ?? null} onShow={showImage} />
            {large === null ? null : (
              <LargePicture
                set={name}
                images={ids}
                index={large}
                variants={FP32}
                onMove={(index) => {
                  setLarge(index);
                  showImage(ids[index] ?? '');
                }}
                onClose={() => setLarge(null)}
              />
            )}
          </div>
        )
      }
      right={
        <>
          <InspectorTabs />
          {inspector === 'task' ? (
            <TaskPanel project={project} editor={task} />
          ) : (
            <>
              {project.file.inputs === undefined ? null : <InputsPanel sources={project.file.inputs} />}
              <PreprocessingPanel
                editor={editor}
                notes={project.file.preprocessingNotes}
                isCalibrated={project.calibrated}
                error={state.error}
              />
            </>
          )}
        </>
      }
    />
  );
}

const FP32: readonly string[] = ['fp32'];

function InspectorTabs() {
  const { inspector, inspect } = useData();
  return (
    <div className={styles.inspectorTabs}>
      <Segmented
        label={t('data.inspector')}
        value={inspector}
        choices={[
          { value: 'preprocessing', label: t('data.preprocessing') },
          { value: 'task', label: t('task.title') },
        ]}
        onChoose={inspect}
      />
    </div>
  );
}

function Missing({
  set,
  name,
}: {
  readonly set: ReturnType<typeof useImageSet>;
  readonly name: 'calibration' | 'validation';
}) {
  if (set instanceof Error) {
    return (
      <div className={shared.failed}>
        <ErrorBox error={set} title={t(`data.setFailed.${name}`)} />
      </div>
    );
  }
  if (set === null) return <EmptyState title={t('data.noValidation')}>{t('data.noValidationText')}</EmptyState>;
  return <div className={styles.main} aria-busy="true" />;
}

interface GridHeadProps {
  readonly set: ImageSetView;
  readonly filter: ImageFilter;
  readonly shown: number;
  readonly onClear: () => void;
}

function GridHead({ set, filter, shown, onClear }: GridHeadProps) {
  const words = [filter.group, filter.label === null ? null : labelName(set, filter.label)].filter(
    (word) => word !== null,
  );
  return (
    <header className={styles.gridHead}>
      <span role="status">{t('data.shown', { shown, count: set.images.length })}</span>
      {words.length === 0 ? null : (
        <>
          <span className="dim ellipsis">{words.join(' · ')}</span>
          <Button tone="quiet" icon="close" onClick={onClear}>
            {t('data.showAll')}
          </Button>
        </>
      )}
    </header>
  );
}

interface GridProps {
  readonly project: ProjectView;
  readonly view: ImageSetView;
  readonly images: ReturnType<typeof filterImages>;
  readonly shownId: string | null;
  readonly onShow: (imageId: string) => void;
}

function Grid({ project, view, images, shownId, onShow }: GridProps) {
  const name = useData((state) => state.set);
  const cache = useThumbnailCache(project.path, name, view.root);
  return <ThumbnailGrid set={view} images={images} shownId={shownId} cache={cache} onShow={onShow} />;
}

function useViewCommands(): void {
  const show = useData((state) => state.show);
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        { id: 'data.calibration', titleKey: 'data.command.calibration', run: () => show('calibration') },
        { id: 'data.validation', titleKey: 'data.command.validation', run: () => show('validation') },
        { id: 'data.health', titleKey: 'health.command', run: () => show('health') },
      ],
      [show],
    ),
  );
}

function usePreprocessingCommands(editor: PreprocessingEditor): void {
  useCommands(
    useMemo<readonly Command[]>(() => {
      const isChanged = (): boolean => editor.value !== editor.saved && !editor.isApplying;
      return [
        { id: 'data.apply', titleKey: 'data.command.apply', run: editor.apply, isEnabled: isChanged },
        { id: 'data.reset', titleKey: 'data.command.reset', run: editor.reset, isEnabled: isChanged },
      ];
    }, [editor]),
  );
}
