import { useEffect, useRef, useState } from 'react';
import type { JobId } from '../../../src-shared/base/brand';
import type { JobSnapshot } from '../../../src-shared/contract/jobs';
import type { ExportResult, ProjectView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useFiles } from '../../state/files';
import { useJobs } from '../../state/jobs';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { PathField, Select } from '../../widgets/fields';
import {
  commandLineOf,
  DEFAULT_PACKAGE,
  EXPORTED_VARIANTS,
  EXPORT_KINDS,
  isPackageKind,
  packageSpecOf,
  proposedOutPath,
  quantizeSpecOf,
  type ExportChoice,
  type ExportedVariant,
  type PackageOptions,
} from './export-request';
import { copy, Exported } from './exported';
import { PackageFields } from './package-options';
import { useExportKind, useRunOptions } from './run-store';
import { classNames } from '../../widgets/class-names';
import shared from './run.module.css';

/** Exports the quantized model, a package for a program or a server, a calibration cache, or the report. */
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
  const [options, setOptions] = useState<PackageOptions>(DEFAULT_PACKAGE);
  const { run, isBusy, written } = useExport(project.path);
  const onExport = async (): Promise<void> => {
    const outPath = await place.ask();
    if (outPath !== null) await run(choice, options, outPath);
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
      {kind === 'onnx' || (isPackageKind(kind) && kind !== 'deepstream') ? (
        <Select
          label={t('run.export.variant')}
          value={variant}
          choices={EXPORTED_VARIANTS.map((value) => ({ value, label: value }))}
          onChoose={setVariant}
        />
      ) : null}
      {isPackageKind(kind) ? <PackageFields kind={kind} options={options} onChange={setOptions} /> : null}
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
      <Button
        icon="copy"
        tone="quiet"
        onClick={() => copy(commandLineOf(project.path, place.path, choice, options), t('run.export.commandCopied'))}
      >
        {t('run.export.copyCommand')}
      </Button>
      {written === null ? null : <Exported {...written} />}
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

interface Written {
  readonly path: string;
  readonly files: readonly string[];
  readonly warnings: NonNullable<ExportResult['warnings']>;
}

function useExport(projectPath: string) {
  const api = useSession((state) => state.api);
  const startJob = useJobs((state) => state.start);
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<Written | null>(null);
  const [job, setJob] = useState<{ readonly id: JobId; readonly outPath: string } | null>(null);
  const ended = useJobs((state) => state.jobs.find(({ id }) => id === job?.id));
  const run = async (choice: ExportChoice, options: PackageOptions, outPath: string): Promise<void> => {
    setResult(null);
    setJob(null);
    const { kind, variant } = choice;
    if (kind === 'onnx' || isPackageKind(kind)) {
      const spec =
        kind === 'onnx'
          ? quantizeSpecOf(projectPath, outPath, choice)
          : packageSpecOf(projectPath, outPath, { kind, variant }, options);
      const id = await startJob(spec);
      if (id !== null) setJob({ id, outPath });
      return;
    }
    setBusy(true);
    try {
      const { files, warnings = [] } = await api.exportProject({ projectPath, format: kind, outPath });
      setResult({ path: outPath, files, warnings });
    } finally {
      setBusy(false);
    }
  };
  const written = result ?? (job === null || ended === undefined ? null : writtenBy(ended, job.outPath));
  return { run, isBusy, written };
}

/** What a finished job has written; null if it still runs or failed, which the list of jobs shows. */
function writtenBy({ state, result }: JobSnapshot, outPath: string): Written | null {
  if (state !== 'done' || result === null) return null;
  if ('packageKind' in result) {
    const { out, files, warnings } = result;
    return { path: out, files: files.map((file) => `${out}/${file}`), warnings };
  }
  return 'decisions' in result && 'out' in result
    ? { path: result.out, files: [result.out], warnings: result.warnings }
    : { path: outPath, files: [outPath], warnings: [] };
}
