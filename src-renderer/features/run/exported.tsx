import type { ExportResult } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { reportError, tell } from '../../state/notices';
import { Button } from '../../widgets/button';
import { Icon } from '../../widgets/icons';
import shared from './run.module.css';

interface ExportedProps {
  /** The written file or folder. */
  readonly path: string;
  readonly files: readonly string[];
  readonly warnings: NonNullable<ExportResult['warnings']>;
}

/** The written files, what is missing from them, and how to take them along. */
export function Exported({ path, files, warnings }: ExportedProps) {
  const download = useFiles((state) => state.files.download);
  return (
    <div className={shared.exported} role="status" data-testid="run-exported">
      <p>
        <Icon name="check" /> {t('run.export.done', { n: files.length })}
      </p>
      <ul className="mono">
        {files.map((file) => (
          <li key={file}>{file}</li>
        ))}
      </ul>
      {warnings.map((warning) => (
        <p key={`${warning.code} ${warning.message}`} className={shared.problem}>
          <Icon name="warning" /> <span>{warning.message}</span>
        </p>
      ))}
      <div className={shared.buttons}>
        <Button icon="copy" onClick={() => copy(path, t('run.export.pathCopied'))}>
          {t('run.export.copyPath')}
        </Button>
        {download === undefined ? null : (
          <Button icon="download" onClick={() => void download(path).catch(reportError)}>
            {t('run.export.download')}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Puts a text on the clipboard and says so. */
export function copy(text: string, done: string): void {
  navigator.clipboard.writeText(text).then(() => tell(done), reportError);
}
