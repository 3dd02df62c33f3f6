import { useEffect, useState, type ReactNode } from 'react';
import type { DialogKind } from '../../../src-shared/contract/desktop-bridge';
import type { ModelInspection } from '../../../src-shared/domain/project/inspection';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { Dialog } from '../../widgets/dialog';
import { ErrorBox } from '../../widgets/states';
import { PathField as PathText } from '../../widgets/fields';
import { proposedProjectPath, type Refusal } from './drop-plan';
import { missingPart, type ProjectDraft, requestOf, useDrop } from './drop-store';
import { classNames } from '../../widgets/class-names';
import styles from './new-project-dialog.module.css';

/** The form for a new project: model, images and folder. The preprocessing is guessed and can be changed later. */
export function NewProjectDialog({ draft }: { readonly draft: ProjectDraft }) {
  const close = useDrop((state) => state.close);
  const refused = useDrop((state) => state.refused);
  const changeDraft = useDrop((state) => state.changeDraft);
  const { create, isBusy, error } = useCreate();
  const inspection = useInspection(draft.modelPath.trim());
  const missing = missingPart(draft);
  return (
    <Dialog
      title={t('start.newProject')}
      onClose={close}
      actions={
        <>
          <span className={classNames(styles.missing, 'dim')}>{missing === null ? '' : t(missing)}</span>
          <Button onClick={close}>{t('start.cancel')}</Button>
          <Button tone="primary" disabled={missing !== null || isBusy} onClick={() => create(draft)}>
            {t(isBusy ? 'start.creating' : 'start.create')}
          </Button>
        </>
      }
    >
      <Refused refused={refused} />
      <form
        className={styles.root}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === null && !isBusy) create(draft);
        }}
      >
        <PathField
          kind="model"
          isFirst={draft.modelPath === ''}
          label={t('start.modelPath')}
          value={draft.modelPath}
          onChange={(modelPath) => changeDraft({ modelPath })}
        />
        {inspection === null ? null : <Inspection inspection={inspection} />}
        <PathField
          kind="folder"
          isFirst={draft.modelPath !== ''}
          label={t('start.calibrationPath')}
          hint={t('start.calibrationHint')}
          value={draft.calibrationPath}
          onChange={(calibrationPath) => changeDraft({ calibrationPath })}
        />
        <PathField
          kind="folder"
          label={t('start.validationPath')}
          hint={t('start.validationHint')}
          value={draft.validationPath}
          onChange={(validationPath) => changeDraft({ validationPath })}
        />
        <PathField
          kind="save"
          label={t('start.projectPath')}
          placeholder={draft.modelPath === '' ? '' : proposedProjectPath(draft.modelPath)}
          value={draft.projectPath}
          onChange={(projectPath) => changeDraft({ projectPath })}
        />
        {/* Makes the Enter key in a field submit the form. */}
        <input type="submit" hidden />
      </form>
      {error === null ? null : <ErrorBox error={error} />}
    </Dialog>
  );
}

interface PathFieldProps {
  readonly kind: DialogKind;
  readonly label: string;
  readonly value: string;
  readonly onChange: (path: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  /** True for the field that has the focus at first. */
  readonly isFirst?: boolean;
}

function PathField({ kind, label, value, onChange, hint, placeholder = '', isFirst = false }: PathFieldProps) {
  const choose = useFiles((state) => state.files.choose);
  const browse = (): void => {
    choose?.(kind).then((path) => {
      if (path !== null) onChange(path);
    }, reportError);
  };
  const after: ReactNode =
    choose === null ? null : (
      <Button tone="quiet" icon="folder" className={styles.browse} onClick={browse}>
        {t('start.choose')}
      </Button>
    );
  return (
    <PathText
      label={label}
      value={value}
      placeholder={placeholder}
      data-autofocus={isFirst ? '' : undefined}
      onChange={(event) => onChange(event.target.value)}
      after={after}
      {...(hint === undefined ? {} : { hint })}
    />
  );
}

function Inspection({ inspection }: { readonly inspection: ModelInspection | Error }) {
  if (inspection instanceof Error) return <ErrorBox error={inspection} />;
  const { model, warnings } = inspection;
  const input = model.inputs[0];
  return (
    <div className={styles.inspection}>
      <p>
        {t('start.modelFacts', { opset: String(model.opset), layers: model.layers, quantizable: model.quantizable })}
        {input === undefined
          ? ''
          : ` ${t('start.modelInput', { name: input.name, shape: input.shape?.join(' × ') ?? '?', dtype: input.dtype })}`}
      </p>
      {warnings.slice(0, 3).map((warning) => (
        <p key={`${warning.code} ${warning.message}`} className={styles.warning}>
          {warning.message}
        </p>
      ))}
    </div>
  );
}

const SETTLE_MS = 300;

/**
 * The inspection of the model at a path, requested once the path has stopped changing; null while there is no result.
 */
function useInspection(modelPath: string): ModelInspection | Error | null {
  const api = useSession((state) => state.api);
  const [found, setFound] = useState<{ readonly path: string; readonly inspection: ModelInspection | Error } | null>(
    null,
  );
  useEffect(() => {
    if (!/\.onnx$/i.test(modelPath)) return;
    let isCurrent = true;
    const store = (inspection: ModelInspection | Error): void => {
      if (isCurrent) setFound({ path: modelPath, inspection });
    };
    const timer = setTimeout(() => {
      api
        .inspectModel({ modelPath })
        .then(store, (error: unknown) => store(error instanceof Error ? error : new Error(String(error))));
    }, SETTLE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, modelPath]);
  return found?.path === modelPath ? found.inspection : null;
}

function useCreate(): {
  readonly create: (draft: ProjectDraft) => void;
  readonly isBusy: boolean;
  readonly error: unknown;
} {
  const api = useSession((state) => state.api);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const create = async (draft: ProjectDraft): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const project = await api.createProject(requestOf(draft));
      const shown = useSession.getState().showProject(project);
      useView.getState().openScreen('data');
      useDrop.getState().close();
      await shown;
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return { create: (draft) => void create(draft), isBusy, error };
}

/** The dropped items that are not used: all names, and each reason once. */
export function Refused({ refused }: { readonly refused: readonly Refusal[] }) {
  const reasons = [...new Set(refused.map(({ reasonKey }) => reasonKey))];
  if (reasons.length === 0) return null;
  return (
    <div className={styles.refused} role="alert">
      <p>{t('start.refused', { count: refused.length })}</p>
      <ul tabIndex={0} aria-label={t('start.refused', { count: refused.length })}>
        {reasons.map((reasonKey) => (
          <li key={reasonKey}>
            <span className="mono">
              {refused
                .filter((entry) => entry.reasonKey === reasonKey)
                .map(({ name }) => name)
                .join(', ')}
            </span>
            : {t(reasonKey)}
          </li>
        ))}
      </ul>
    </div>
  );
}
