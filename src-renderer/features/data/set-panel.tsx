import { type SubmitEvent, useState } from 'react';
import { formatCount } from '../../../src-shared/base/units';
import type { ProjectEdit, SetName } from '../../../src-shared/contract/requests';
import type { ImageSetView } from '../../../src-shared/contract/views';
import { LABEL_ORDERS, type LabelOrder, type TruthFacts } from '../../../src-shared/domain/project/image-set';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button, IconButton } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { type Column, DataTable } from '../../widgets/data-table';
import { PathField, Segmented } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import {
  BACKGROUND,
  type GroupCount,
  groupCounts,
  type ImageFilter,
  type LabelCount,
  labelCounts,
  useData,
} from './data-store';
import shared from './data.module.css';
import styles from './set-panel.module.css';

interface SetPanelProps {
  readonly name: SetName;
  readonly path: string | null;
  readonly set: ImageSetView | null;
  readonly filter: ImageFilter;
  readonly onFilter: (changes: Partial<ImageFilter>) => void;
}

/** The list column: the chosen set, its path and contents. Groups and labels filter the images. */
export function SetPanel({ name, path, set, filter, onFilter }: SetPanelProps) {
  return (
    <div className={shared.set}>
      <DataTabs />
      <SetPath key={`${name} ${path ?? ''}`} name={name} path={path} />
      {set === null ? null : (
        <>
          <Found set={set} />
          {set.groups.length === 0 ? null : (
            <Groups
              counts={groupCounts(set, filter.label)}
              chosen={filter.group}
              onChoose={(group) => onFilter({ group })}
            />
          )}
          <Labels
            counts={labelCounts(set, filter.group)}
            hasMasks={set.truthFacts?.source === 'masks'}
            chosen={filter.label}
            onChoose={(label) => onFilter({ label })}
          />
        </>
      )}
    </div>
  );
}

function Found({ set }: { readonly set: ImageSetView }) {
  const labels = labelCounts(set, null).filter(({ label }) => label !== BACKGROUND).length;
  const { truthFacts } = set;
  return (
    <div className={styles.found}>
      <dl className={styles.facts}>
        <dt>{t('data.images')}</dt>
        <dd className="number">{formatCount(set.images.length)}</dd>
        <dt>{t('data.groups')}</dt>
        <dd className="number">{set.groups.length === 0 ? t('data.none') : formatCount(set.groups.length)}</dd>
        <dt>{t('data.labels')}</dt>
        <dd className="number">{labels === 0 ? t('data.none') : formatCount(labels)}</dd>
        {truthFacts === null ? null : <TruthRows facts={truthFacts} />}
        <dt>{t('data.skipped')}</dt>
        <dd className="number">{formatCount(set.skipped.length)}</dd>
      </dl>
      {set.notes.map((note) => (
        <p key={note} className={shared.note}>
          {note}
        </p>
      ))}
      {set.labelOrder === null ? null : <LabelOrderChoice value={set.labelOrder} />}
      {set.skipped.length === 0 ? null : <Skipped set={set} />}
    </div>
  );
}

/** What the boxes or masks of a set are, and where they were read. */
function TruthRows({ facts }: { readonly facts: TruthFacts }) {
  return (
    <>
      <dt>{t('data.labelsFrom')}</dt>
      <dd title={facts.path}>{t(`data.labelSource.${facts.source}`)}</dd>
      {facts.source === 'masks' ? (
        <>
          <dt>{t('data.masks')}</dt>
          <dd className="number">{formatCount(facts.images)}</dd>
        </>
      ) : (
        <>
          <dt>{t('data.boxes')}</dt>
          <dd className="number">{formatCount(facts.boxes)}</dd>
          <dt>{t('data.background')}</dt>
          <dd className="number">{formatCount(facts.background)}</dd>
        </>
      )}
    </>
  );
}

/** Choice of the label order if the class folders are numbers: sorting decides which folder is class 2. */
function LabelOrderChoice({ value }: { readonly value: LabelOrder }) {
  const edit = useSession((state) => state.edit);
  return (
    <Segmented
      label={t('data.labelOrder')}
      isLabelHidden={false}
      value={value}
      choices={LABEL_ORDERS.map((order) => ({ value: order, label: t(`data.labelOrder.${order}`) }))}
      onChoose={(labelOrder) => void edit(t('data.edit.labelOrder'), [{ kind: 'sets', labelOrder }])}
    />
  );
}

/** The largest number of entries in the list of skipped files; the total count is shown above the list. */
const MAX_SKIPPED = 200;

function Skipped({ set }: { readonly set: ImageSetView }) {
  const rest = set.skipped.length - MAX_SKIPPED;
  return (
    <details className={styles.skipped}>
      <summary>{t('data.skippedFiles', { count: set.skipped.length })}</summary>
      <ul tabIndex={0} aria-label={t('data.skipped')}>
        {set.skipped.slice(0, MAX_SKIPPED).map(({ file, reason }) => (
          <li key={file}>
            <span className="mono">{file}</span> <span className="dim">{reason}</span>
          </li>
        ))}
        {rest > 0 ? <li className="dim">{t('data.skippedMore', { count: rest })}</li> : null}
      </ul>
    </details>
  );
}

function Groups({
  counts,
  chosen,
  onChoose,
}: {
  readonly counts: readonly GroupCount[];
  readonly chosen: string | null;
  readonly onChoose: (group: string | null) => void;
}) {
  const most = Math.max(1, ...counts.map(({ images }) => images));
  return (
    <section aria-labelledby="data-groups-title">
      <h3 id="data-groups-title" className={shared.heading}>
        {t('data.groups')}
      </h3>
      {counts.map(({ group, images }) => (
        <button
          key={group}
          type="button"
          className={classNames(styles.group, group === chosen && styles.groupChosen)}
          aria-pressed={group === chosen}
          onClick={() => onChoose(group === chosen ? null : group)}
        >
          <span className={styles.groupBar} style={{ width: `${(images / most) * 100}%` }} />
          <span className="ellipsis">{group}</span>
          <span className="number">{t('data.imageCount', { count: images })}</span>
        </button>
      ))}
    </section>
  );
}

interface LabelsProps {
  readonly counts: readonly LabelCount[];
  /** Masks label every pixel; they are not counted by class. */
  readonly hasMasks: boolean;
  readonly chosen: number | null;
  readonly onChoose: (label: number | null) => void;
}

function Labels({ counts, hasMasks, chosen, onChoose }: LabelsProps) {
  if (counts.length === 0) return hasMasks ? null : <p className={shared.note}>{t('data.noLabels')}</p>;
  const hasBoxes = counts.some(({ boxes }) => boxes !== undefined);
  const columns: readonly Column<LabelCount>[] = [
    { id: 'label', title: t('data.label'), width: '1fr', render: ({ name }) => name, sortValue: ({ label }) => label },
    ...(hasBoxes ? [BOXES] : []),
    {
      id: 'images',
      title: t('data.images'),
      width: 80,
      align: 'right',
      firstDirection: 'descending',
      render: ({ images }) => formatCount(images),
      sortValue: ({ images }) => images,
    },
  ];
  return (
    <div className={styles.labels}>
      <DataTable
        label={t('data.labels')}
        rows={counts}
        columns={columns}
        rowKey={keyOf}
        activeKey={chosen === null ? null : String(chosen)}
        onPick={(key) => onChoose(Number(key) === chosen ? null : Number(key))}
        onKey={(event) => {
          if (event.key !== 'Escape' || chosen === null) return false;
          onChoose(null);
          return true;
        }}
      />
    </div>
  );
}

const BOXES: Column<LabelCount> = {
  id: 'boxes',
  get title() {
    return t('data.boxes');
  },
  width: 64,
  align: 'right',
  firstDirection: 'descending',
  render: ({ boxes }) => formatCount(boxes ?? 0),
  sortValue: ({ boxes }) => boxes ?? 0,
};

const keyOf = ({ label }: LabelCount): string => String(label);

/** The path of a set. It can be typed, or chosen in the system's dialog if the host has one. */
function SetPath({ name, path }: { readonly name: SetName; readonly path: string | null }) {
  const [draft, setDraft] = useState(path ?? '');
  const choose = useFiles((state) => state.files.choose);
  const edit = useSession((state) => state.edit);
  const isCalibrated = useSession((state) => state.project?.calibrated === true);
  const isChanged = draft.trim() !== '' && draft.trim() !== path;
  const apply = (chosen: string): void => void edit(t(`data.edit.${name}`), [setEdit(name, chosen)]);
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isChanged) apply(draft.trim());
  };
  const onChoose = (): void => {
    if (choose === null) return;
    choose('folder').then((chosen) => {
      if (chosen !== null) apply(chosen);
    }, reportError);
  };
  return (
    <form className={styles.path} onSubmit={onSubmit}>
      <PathField
        label={t('data.path')}
        value={draft}
        title={draft}
        placeholder={t('data.pathHint')}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || draft === (path ?? '')) return;
          event.stopPropagation();
          setDraft(path ?? '');
        }}
        after={choose === null ? null : <IconButton icon="folder" label={t('data.choose')} onClick={onChoose} />}
      />
      {isChanged && isCalibrated && name === 'calibration' ? (
        <p className={shared.warning}>
          <Icon name="warning" /> <span>{t('data.staleSet')}</span>
        </p>
      ) : null}
      {isChanged ? (
        <Button type="submit" tone="primary">
          {t('data.use')}
        </Button>
      ) : null}
    </form>
  );
}

function setEdit(name: SetName, path: string): ProjectEdit {
  return name === 'calibration' ? { kind: 'sets', calibrationPath: path } : { kind: 'sets', validationPath: path };
}

/** Tabs for the images of each set and for the health of the calibration set. */
export function DataTabs() {
  const { view, show } = useData();
  return (
    <>
      {/* A hidden second-level heading, because the sections below use third-level headings. */}
      <h2 className="visually-hidden">{t('data.set')}</h2>
      <Segmented
        label={t('data.set')}
        value={view}
        choices={[
          { value: 'calibration', label: t('data.set.calibration') },
          { value: 'validation', label: t('data.set.validation') },
          { value: 'health', label: t('health.title'), title: t('health.hint') },
        ]}
        onChoose={show}
      />
    </>
  );
}
