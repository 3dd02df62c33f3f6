import { columnTitle } from './columns';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { reportError, tell } from '../../state/notices';
import { useSession } from '../../state/session';
import { ADDRESS_KEPT_MS, saveText } from '../../widgets/save-text';
import { tableAsCsv, tableAsText } from './table-text';

export interface ReportActions {
  readonly saveReport: () => void;
  readonly openReport: () => void;
  readonly copyText: () => void;
  readonly copyCsv: () => void;
}

/** Exports the results of a run: as an HTML report, or the table as text or CSV. */
export function useReport(projectPath: string, record: RunRecord): ReportActions {
  const api = useSession((state) => state.api);
  const withReport = (use: (html: string) => void): void => {
    api.getReport({ projectPath, runId: record.runId }).then(({ html }) => use(html), reportError);
  };
  const fileName = `${record.project}-${record.runId}`;
  const saveReport = (html: string): void => saveText(html, 'text/html;charset=utf-8', `${fileName}.html`);
  const openReport = (html: string): void => {
    const url = URL.createObjectURL(new Blob([html], { type: 'text/html;charset=utf-8' }));
    const isOpen = window.open(url, '_blank') !== null;
    setTimeout(() => URL.revokeObjectURL(url), ADDRESS_KEPT_MS);
    if (isOpen) return;
    saveReport(html);
    tell(t('results.report.blocked'));
  };
  const copy = (text: string, extension: 'txt' | 'csv'): void => {
    navigator.clipboard.writeText(text).then(
      () => tell(t('results.copied')),
      () => {
        saveText(
          text,
          extension === 'csv' ? 'text/csv;charset=utf-8' : 'text/plain;charset=utf-8',
          `${fileName}.${extension}`,
        );
        tell(t('results.copyFailed'));
      },
    );
  };
  return {
    saveReport: () => withReport(saveReport),
    openReport: () => withReport(openReport),
    copyText: () =>
      copy(
        tableAsText(record.table, (column) =>
          column === 'variant' || column === 'backend'
            ? t(`results.column.${column}`)
            : columnTitle(column, record.table),
        ),
        'txt',
      ),
    copyCsv: () => copy(tableAsCsv(record.table), 'csv'),
  };
}
