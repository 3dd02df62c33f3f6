import { useState, type SubmitEvent } from 'react';
import type { ProjectEdit, SetName } from '../../../src-shared/contract/requests';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button, IconButton } from '../../widgets/button';
import { PathField } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';

/** Where a set is, with the ways to name another folder: typing its path, or the system's dialog where there is one. */
export function SetPath({ name, path }: { readonly name: SetName; readonly path: string | null }) {
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
    <form className="data-path" onSubmit={onSubmit}>
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
        <p className="data-warning">
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
