import { useEffect, useRef, useState } from 'react';
import type { ExportResult, ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { useJobs } from '../../state/jobs';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { PathField, Select } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import {
  EXPORTED_VARIANTS,
  EXPORT_KINDS,
  proposedOutPath,
  quantizeSpecOf,
  type ExportChoice,
  type ExportedVariant,
} from './export-request';
import { useExportKind, useRunOptions } from './run-store';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';

/** Exports the quantized model, a calibration cache, a Triton repository, or the report. */
export function ExportPanel({ project }: { readonly project: ProjectView }) {
  const { target, activationType } = useRunOptions((state) => state.options);
  const { kind, choose: setKind, isAskedFor, shown } = useExportKind();
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isAskedFor) return;
    section.current?.scrollIntoView({ block: 'nearest' });
    section.current?.querySelector('select')?.focus();
    shown();
  }, [isAskedFor, shown]);
  const [variant, setVariant] = useState<ExportedVariant>('mixed');
  const choice: ExportChoice = { kind, variant, target: target ?? project.file.target, activationType };
  const place = useOutPath(project.path, choice);
  const { run, isBusy, result } = useExport(project.path);
  const onExport = async (): Promise<void> => {
    const outPath = await place.ask();
    if (outPath !== null) await run(choice, outPath);
  };
  return (
    <section ref={section} className={shared.panel} aria-labelledby="run-export">
      <h2 id="run-export">{t('run.export')}</h2>
      <Select
        label={t('run.export.what')}
        value={kind}
        choices={EXPORT_KINDS.map((value) => ({ value, label: t(`run.export.${value}`) }))}
        onChoose={setKind}
      />
      {kind === 'onnx' ? (
        <Select
          label={t('run.export.variant')}
          value={variant}
          choices={EXPORTED_VARIANTS.map((value) => ({ value, label: value }))}
          onChoose={setVariant}
        />
      ) : null}
      {place.isTyped ? (
        <PathField
          label={t('run.export.path')}
          value={place.path}
          title={place.path}
          onChange={(event) => place.type(event.target.value)}
        />
      ) : null}
      <p className={classNames(shared.note, 'dim')}>{t(`run.export.${kind}.hint`, { target: choice.target })}</p>
      <Button
        icon="download"
        disabled={isBusy || (place.isTyped && place.path.trim() === '')}
        onClick={() => void onExport().catch(reportError)}
      >
        {t(place.isTyped ? 'run.export.start' : 'run.export.choose')}
      </Button>
      {result === null ? null : <Exported result={result} />}
    </section>
  );
}

/**
 * The output path. In a browser it is typed, because the application runs on another machine; the desktop has a save
 * dialog.
 */
function useOutPath(projectPath: string, choice: ExportChoice) {
  const choose = useFiles((state) => state.files.choose);
  const [typed, setTyped] = useState<string | null>(null);
  const proposed = proposedOutPath(projectPath, choice);
  const [proposal, setProposal] = useState(proposed);
  // A change of the export choice changes the proposed path.
  if (proposal !== proposed) {
    setProposal(proposed);
    setTyped(null);
  }
  const path = typed ?? proposed;
  return {
    isTyped: choose === null,
    path,
    type: setTyped,
    ask: () => (choose === null ? Promise.resolve(path.trim()) : choose('save')),
  };
}

function useExport(projectPath: string) {
  const api = useSession((state) => state.api);
  const startJob = useJobs((state) => state.start);
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<ExportResult | null>(null);
  const run = async (choice: ExportChoice, outPath: string): Promise<void> => {
    setResult(null);
    if (choice.kind === 'onnx') {
      await startJob(quantizeSpecOf(projectPath, outPath, choice));
      return;
    }
    setBusy(true);
    try {
      setResult(await api.exportProject({ projectPath, format: choice.kind, outPath }));
    } finally {
      setBusy(false);
    }
  };
  return { run, isBusy, result };
}

/** The written files, and what is missing from them. */
function Exported({ result }: { readonly result: ExportResult }) {
  return (
    <div className={shared.exported} role="status" data-testid="run-exported">
      <p>
        <Icon name="check" /> {t('run.export.done', { n: result.files.length })}
      </p>
      <ul className="mono">
        {result.files.map((file) => (
          <li key={file}>{file}</li>
        ))}
      </ul>
      {(result.warnings ?? []).map((warning) => (
        <p key={`${warning.code} ${warning.message}`} className={shared.problem}>
          <Icon name="warning" /> <span>{warning.message}</span>
        </p>
      ))}
    </div>
  );
}
