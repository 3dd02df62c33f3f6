import { formatAccuracy, formatDb, formatPercent, formatSignificant } from '../../../src-shared/base/units';
import type { AdviseSpec } from '../../../src-shared/contract/job-specs';
import { isFinished } from '../../../src-shared/contract/jobs';
import type { MeasuredProposal } from '../../../src-shared/domain/analysis/structure-advice';
import { t } from '../../i18n';
import { lastJob, Running } from '../../panels/analysis/analysis-start';
import { ResultFacts } from '../../panels/analysis/screen-parts';
import { askPrecision } from '../../panels/layers/ask-precision';
import type { LayerRow } from '../../panels/layers/layer-rows';
import { useAnalyses } from '../../state/analyses';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import styles from './advice-part.module.css';
import precisionStyles from './precision.module.css';

/** Layer names that the text of a proposal lists. */
const NAMES_SHOWN = 4;

interface AdvicePartProps {
  readonly rows: readonly LayerRow[];
  readonly onChooseMany: (layers: readonly string[]) => void;
}

/** Proposals from the structure of the network, each with what it was measured to gain, to be applied by one click. */
export function AdvicePart({ rows, onChooseMany }: AdvicePartProps) {
  const project = useSession((state) => state.project);
  return project === null ? null : (
    <section className={precisionStyles.part} aria-label={t('structure.advice')}>
      <h3>{t('structure.advice')}</h3>
      <p className={precisionStyles.note}>{t('structure.advice.note')}</p>
      <Proposals
        spec={{ kind: 'advise', projectPath: project.path }}
        isCalibrated={project.calibrated}
        rows={rows}
        onChooseMany={onChooseMany}
      />
    </section>
  );
}

interface ProposalsProps extends AdvicePartProps {
  readonly spec: AdviseSpec;
  readonly isCalibrated: boolean;
}

function Proposals({ spec, isCalibrated, rows, onChooseMany }: ProposalsProps) {
  const stored = useAnalyses().view?.advice;
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, spec));
  return (
    <>
      {job !== null && !isFinished(job) ? (
        <Running job={job} />
      ) : (
        <Button
          icon="play"
          data-starts={spec.kind}
          disabled={!isCalibrated}
          title={t(isCalibrated ? 'structure.advice.measure.title' : 'structure.advice.uncalibrated')}
          onClick={() => void start(spec)}
        >
          {t(stored === undefined ? 'structure.advice.measure' : 'structure.advice.measureAgain')}
        </Button>
      )}
      {stored === undefined ? null : (
        <>
          {stored.result.proposals.length === 0 ? (
            <p className={precisionStyles.note}>{t('structure.advice.none')}</p>
          ) : null}
          <ul className={styles.list}>
            {stored.result.proposals.map((proposal) => (
              <Proposal
                key={`${proposal.code} ${proposal.layers.join('\n')}`}
                proposal={proposal}
                rows={rows}
                onChooseMany={onChooseMany}
              />
            ))}
          </ul>
          <ResultFacts isCurrent={stored.isCurrent} images={stored.result.images} createdAt={stored.result.createdAt} />
        </>
      )}
    </>
  );
}

function Proposal({ proposal, rows, onChooseMany }: AdvicePartProps & { readonly proposal: MeasuredProposal }) {
  const { code, layers, ranges, gainDb, quality, macsShare, helps } = proposal;
  const name = t(`structure.advice.${code}`);
  const present = layers.filter((layer) => rows.some((row) => row.layer === layer));
  const isApplied = present.every((layer) => rows.find((row) => row.layer === layer)?.choice === 'fp16');
  const accuracy = quality.top1 ?? quality.agreement;
  return (
    <li className={styles.proposal}>
      <div className={styles.head}>
        <Button tone="quiet" title={t('structure.advice.show')} onClick={() => onChooseMany(present)}>
          {name}
        </Button>
        <strong className={helps ? styles.helps : 'dim'}>
          {quality.comparesAnswers
            ? t('histogram.best.agreement', { value: formatAccuracy(quality.agreement ?? 0) })
            : `${gainDb > 0 ? '+' : ''}${formatSignificant(gainDb, 2)} dB`}
        </strong>
        <Button
          disabled={present.length === 0 || isApplied}
          title={t('structure.advice.apply.title', { count: present.length })}
          onClick={() => askPrecision(rows, new Set(present), 'fp16', name)}
        >
          {t(isApplied ? 'structure.advice.applied' : 'structure.advice.apply')}
        </Button>
      </div>
      <p className={precisionStyles.note}>
        {t(`structure.advice.${code}.reason`)}
        {ranges.length === 0
          ? ''
          : ` ${ranges.map(({ tensor, amax }) => `${tensor}: ${formatSignificant(amax)}`).join(', ')}.`}
      </p>
      <p className={precisionStyles.note}>
        {layers.slice(0, NAMES_SHOWN).join(', ')}
        {layers.length > NAMES_SHOWN ? ` ${t('structure.advice.more', { count: layers.length - NAMES_SHOWN })}` : ''}
        {quality.sqnrDb === null ? '' : ` · ${formatDb(quality.sqnrDb)}`}
        {accuracy === null ? '' : ` · ${formatAccuracy(accuracy)}`}
        {macsShare === null ? '' : ` · ${t('structure.advice.work', { share: formatPercent(100 * macsShare) })}`}
      </p>
    </li>
  );
}
