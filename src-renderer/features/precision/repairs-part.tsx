import { worstGroupText } from '../../../src-shared/domain/tasks/measure-text';
import { formatAccuracy, formatDb } from '../../../src-shared/base/units';
import type { RepairSpec } from '../../../src-shared/contract/job-specs';
import { isFinished } from '../../../src-shared/contract/jobs';
import {
  hasRepair,
  isRescaled,
  REPAIRS,
  type PrecisionPlan,
  type Repairs,
  type SwitchedRepair,
} from '../../../src-shared/domain/project/precision';
import type { RepairResult, RepairRow } from '../../../src-shared/domain/analysis/repair';
import { t } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { lastJob, Running } from '../../panels/analysis/analysis-start';
import { ResultFacts } from '../../panels/analysis/screen-parts';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { Checkbox } from '../../widgets/fields';
import precisionStyles from './precision.module.css';
import styles from './repairs-part.module.css';
import { LearnedPart } from './learned-part';
import { SmoothingPart } from './smoothing-part';
import { switchRepair } from './use-precision-plan';

/** The repairs with their effect and cost, and the last measurement of them in this project. */
export function RepairsPart() {
  const project = useSession((state) => state.project);
  const start = useJobs((state) => state.start);
  if (project === null) return null;
  const needsCalibration = !project.calibrated && isRescaled(project.file.plan);
  return (
    <section className={precisionStyles.part} aria-label={t('precision.repairs')}>
      <h3>{t('precision.repairs')}</h3>
      <RepairSwitch repair="equalization" plan={project.file.plan} />
      <SmoothingPart />
      <RepairSwitch repair="biasCorrection" plan={project.file.plan} />
      <LearnedPart />
      {needsCalibration ? (
        <p className={classNames(precisionStyles.note, styles.calibrate)}>
          {t('precision.repair.uncalibrated')}
          <Button tone="quiet" onClick={() => void start({ kind: 'calibrate', projectPath: project.path })}>
            {t('precision.repair.calibrate')}
          </Button>
        </p>
      ) : null}
      <Comparison spec={{ kind: 'repair', projectPath: project.path }} repairs={project.file.plan.repairs ?? {}} />
    </section>
  );
}

function RepairSwitch({ repair, plan }: { readonly repair: SwitchedRepair; readonly plan: PrecisionPlan }) {
  return (
    <div>
      <Checkbox
        label={t(`precision.repair.${repair}`)}
        checked={hasRepair(plan, repair)}
        onChange={(isOn) => switchRepair(repair, isOn)}
      />
      <p className={precisionStyles.note}>{t(`precision.repair.${repair}.note`)}</p>
    </div>
  );
}

/** The results without repairs, with each repair and with several; the active combination is marked. */
function Comparison({ spec, repairs }: { readonly spec: RepairSpec; readonly repairs: Repairs }) {
  const stored = useAnalyses().view?.repair;
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, spec));
  const isRunning = job !== null && !isFinished(job);
  return (
    <>
      {isRunning ? (
        <Running job={job} />
      ) : (
        <Button
          icon="play"
          data-starts={spec.kind}
          title={t('precision.repair.compare.title')}
          onClick={() => void start(spec)}
        >
          {t(stored === undefined ? 'precision.repair.compare' : 'precision.repair.compareAgain')}
        </Button>
      )}
      {stored === undefined ? null : (
        <>
          <RowsTable result={stored.result} repairs={repairs} />
          <ResultFacts isCurrent={stored.isCurrent} images={stored.result.images} createdAt={stored.result.createdAt} />
        </>
      )}
    </>
  );
}

function RowsTable({ result, repairs }: { readonly result: RepairResult; readonly repairs: Repairs }) {
  const hasTop1 = result.fp32.top1 !== undefined;
  const [cause] = result.notEqualized;
  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('precision.repairs')}</th>
            <th scope="col" className="number">
              {t(hasTop1 ? 'precision.repair.top1' : 'precision.repair.agreement')}
            </th>
            <th scope="col" className="number">
              {t('precision.repair.sqnr')}
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">FP32</th>
            <td className="number">{result.fp32.top1 === undefined ? '' : formatAccuracy(result.fp32.top1)}</td>
            <td />
          </tr>
          {result.rows.map((row) => (
            <tr
              key={rowName(row)}
              className={classNames(isSame(row.repairs, repairs) && styles.chosen)}
              aria-current={isSame(row.repairs, repairs)}
            >
              <th scope="row">{rowName(row)}</th>
              <td className="number" title={row.worstGroup && worstGroupText(row.worstGroup)}>
                {accuracyText(row)}
              </td>
              <td className="number">{row.outputSqnrDb === undefined ? '' : formatDb(row.outputSqnrDb)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className={precisionStyles.note}>
        {t('precision.repair.of', { variant: result.variant, target: t(`precision.target.${result.target}`) })}
      </p>
      {result.equalizedLayers === 0 && cause !== undefined ? (
        <p className={precisionStyles.note}>{t('precision.repair.nothing', { cause: cause.reason })}</p>
      ) : null}
      {result.rows.some((row) => row.biasesDropped) ? (
        <p className={precisionStyles.note}>{t('precision.repair.dropped')}</p>
      ) : null}
    </>
  );
}

function accuracyText({ top1, agreement }: RepairRow): string {
  const value = top1 ?? agreement;
  return value === undefined ? '' : formatAccuracy(value);
}

/** Short name of the repairs of a row; an asterisk means that corrected biases were measured but not used. */
function rowName({ repairs, biasesDropped }: RepairRow): string {
  const names = REPAIRS.filter((repair) => (repairs[repair] ?? false) !== false).map((repair) =>
    t(`precision.repair.${repair}.short`),
  );
  return names.length === 0 ? t('precision.repair.none') : `${names.join(' + ')}${biasesDropped ? ' *' : ''}`;
}

function isSame(a: Repairs, b: Repairs): boolean {
  return REPAIRS.every((repair) => (a[repair] === true) === (b[repair] === true));
}
