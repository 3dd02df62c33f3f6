import { useState } from 'react';
import type { Dated, ProjectView } from '../../../../src-shared/contract/views';
import type { HealthResult } from '../../../../src-shared/domain/health/health';
import { t } from '../../../i18n';
import { ResultFacts } from '../../../widgets/analysis/result-facts';
import { EmptyUnlessRunning } from '../../../widgets/analysis/empty-unless-running';
import { ErrorBox } from '../../../widgets/error-box';
import { ThreePanes } from '../../../widgets/three-panes';
import { FieldSection } from './field-section';
import { FindingList } from './finding-list';
import './health.css';
import { HealthStart } from './health-start';
import { SetSide } from './set-side';
import { useHealth } from './use-health';

/** What is wrong with the calibration set, before it is trusted. */
export function Health({ project }: { readonly project: ProjectView }) {
  const health = useHealth(project);
  const result = health === undefined || health === null || health instanceof Error ? null : health;
  return (
    <ThreePanes
      left={<HealthStart project={project} hasResult={result !== null} />}
      main={
        health instanceof Error ? (
          <div className="data-failed">
            <ErrorBox error={health} title={t('health.failed')} />
          </div>
        ) : health === null ? (
          <EmptyUnlessRunning projectPath={project.path} kinds={['health']} title={t('health.none')}>
            {t('health.noneText')}
          </EmptyUnlessRunning>
        ) : result === null ? (
          <div className="health-main" aria-busy="true" />
        ) : (
          <Findings key={result.result.createdAt} health={result} />
        )
      }
      right={result === null ? null : <SetSide result={result.result} />}
    />
  );
}

function Findings({ health: { isCurrent, result } }: { readonly health: Dated<HealthResult> }) {
  const [group, setGroup] = useState<string | null>(null);
  return (
    <div className="health-main">
      <ResultFacts isCurrent={isCurrent} images={result.images} createdAt={result.createdAt} />
      <FindingList findings={result.findings} />
      {result.against === null ? null : (
        <FieldSection against={result.against} limits={result.limits} group={group} onGroup={setGroup} />
      )}
    </div>
  );
}
