import { formatFraction } from '../../../src-shared/base/units';
import type { DiagnosisAction, DiagnosisResult } from '../../../src-shared/domain/analysis/analysis';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { t } from '../../i18n';
import { openHistogramOf } from '../../state/histogram-tab';
import { useSession } from '../../state/session';
import { MethodBadge, PrecisionBadge } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { ModelName } from '../../widgets/model-name';
import { actionEdit, isApplied } from './why';
import { actionName, changeText, sqnrText } from './why-text';

/** Tensors that clip the images, each with its share here and over the calibration set; a click shows its histogram. */
export function ClippedList({ clipped }: Pick<DiagnosisResult, 'clipped'>) {
  const most = clipped.reduce((high, { clippedFraction, elsewhere }) => Math.max(high, clippedFraction, elsewhere), 0);
  const width = (share: number): string => `${most > 0 ? (100 * share) / most : 0}%`;
  return (
    <section>
      <h3>{t('results.why.clipped')}</h3>
      {clipped.length === 0 ? <p className="dim">{t('results.why.noneClipped')}</p> : null}
      <ul className="why-list">
        {clipped.map(({ tensor, clippedFraction, elsewhere }) => (
          <li key={tensor}>
            <button
              type="button"
              className="why-tensor"
              title={t('results.why.histogram', { tensor })}
              onClick={() => openHistogramOf(tensor)}
            >
              <ModelName name={tensor} />
            </button>
            <dl className="why-shares">
              <Share
                label={t('results.why.here')}
                share={clippedFraction}
                width={width(clippedFraction)}
                className="why-bar-here"
              />
              <Share
                label={t('results.why.elsewhere')}
                share={elsewhere}
                width={width(elsewhere)}
                className="why-bar-elsewhere"
              />
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ShareProps {
  readonly label: string;
  readonly share: number;
  readonly width: string;
  readonly className: string;
}

function Share({ label, share, width, className }: ShareProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="why-track" title={`${share * 100} %`}>
        <span className={className} style={{ width }} />
      </dd>
      <dd className="number">{formatFraction(share)}</dd>
    </div>
  );
}

interface WhyActionsProps {
  readonly actions: readonly DiagnosisAction[];
  readonly file: ProjectFile;
}

/** Single changes with their measured effect on these images; each is one click, and undo takes it back. */
export function WhyActions({ actions, file }: WhyActionsProps) {
  return (
    <section>
      <h3>{t('results.why.actions')}</h3>
      <p className="dim">{t(actions.length === 0 ? 'results.why.noAction' : 'results.why.actions.note')}</p>
      <ul className="why-list">
        {actions.map((action) => (
          <Action key={`${action.kind} ${action.name}`} action={action} file={file} />
        ))}
      </ul>
    </section>
  );
}

function Action({ action, file }: { readonly action: DiagnosisAction; readonly file: ProjectFile }) {
  const edit = useSession((state) => state.edit);
  const change = actionEdit(action);
  const name = actionName(action);
  const isDone = change !== null && isApplied(change, file);
  return (
    <li className="why-action">
      <div className="why-action-name">
        {action.kind === 'release' ? (
          <PrecisionBadge precision={action.precision ?? 'fp16'} />
        ) : (
          <MethodBadge method={action.method ?? 'manual'} title={t(`histogram.method.${action.method ?? 'manual'}`)} />
        )}
        <span>{name}</span>
      </div>
      <p>{changeText(action.before, action.after)}</p>
      <p className="dim">{sqnrText(action.before, action.after)}</p>
      <Button
        disabled={change === null || isDone}
        aria-label={`${t(isDone ? 'results.why.applied' : 'results.why.apply')}: ${name}`}
        onClick={() => change !== null && void edit(name, [change])}
      >
        {t(isDone ? 'results.why.applied' : 'results.why.apply')}
      </Button>
    </li>
  );
}
