import { useCallback, useEffect, useState } from 'react';
import type { DoctorCheck, DoctorReport } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { reportError, tell } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button } from '../../widgets/button';
import { ErrorBox, hintOf } from '../../widgets/states';
import { Icon, type IconName } from '../../widgets/icons';
import styles from './doctor-screen.module.css';

const STATES = { ok: styles.ok, warning: styles.warning, missing: styles.missing };
const ICONS: Readonly<Record<DoctorCheck['state'], IconName>> = { ok: 'check', warning: 'warning', missing: 'cross' };

type Answer = DoctorReport | Error | 'asking';

export function DoctorScreen() {
  const { answer, ask } = useDoctor();
  const report = answer instanceof Error || answer === 'asking' ? null : answer;
  const copy = (): void => {
    if (report === null) return;
    navigator.clipboard.writeText(doctorText(report)).then(() => tell(t('doctor.copied')), reportError);
  };
  return (
    <div className={styles.root}>
      <header className={styles.head}>
        <h1>{t('doctor.title')}</h1>
        <Button icon="refresh" disabled={answer === 'asking'} onClick={ask}>
          {t('doctor.again')}
        </Button>
        <Button icon="copy" disabled={report === null} onClick={copy}>
          {t('doctor.copy')}
        </Button>
      </header>
      <p className="dim" role="status">
        {report === null ? t('doctor.asking') : t(`doctor.verdict.${doctorVerdict(report)}`)}
      </p>
      {answer instanceof Error ? <ErrorBox error={answer} /> : null}
      {report === null ? null : <Checks checks={report.checks} />}
    </div>
  );
}

function Checks({ checks }: { readonly checks: readonly DoctorCheck[] }) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{t('doctor.state')}</th>
          <th scope="col">{t('doctor.part')}</th>
          <th scope="col">{t('doctor.found')}</th>
        </tr>
      </thead>
      <tbody>
        {checks.map((check) => (
          <tr key={check.name}>
            <td className={STATES[check.state]}>
              <Icon name={ICONS[check.state]} /> {t(`doctor.state.${check.state}`)}
            </td>
            <th scope="row">
              {check.name}
              {check.required ? '' : <span className="dim"> {t('doctor.optional')}</span>}
            </th>
            <td>
              {check.found}
              {hintOf(check) === undefined ? null : <p className="dim">{hintOf(check)}</p>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function useDoctor(): { readonly answer: Answer; readonly ask: () => void } {
  const api = useSession((state) => state.api);
  const [turn, setTurn] = useState(0);
  const [answer, setAnswer] = useState<Answer>('asking');
  useEffect(() => {
    let isCurrent = true;
    const store = (next: Answer): void => {
      if (isCurrent) setAnswer(next);
    };
    api.doctor().then(store, (error: unknown) => store(error instanceof Error ? error : new Error(String(error))));
    return () => {
      isCurrent = false;
    };
  }, [api, turn]);
  const ask = useCallback(() => {
    setAnswer('asking');
    setTurn((last) => last + 1);
  }, []);
  return { answer, ask };
}

/**
 * `broken`: something required is missing; `partial`: only something optional is missing; `ready`: nothing is missing.
 */
export function doctorVerdict({ checks }: DoctorReport): 'ready' | 'partial' | 'broken' {
  if (checks.some((check) => check.required && check.state === 'missing')) return 'broken';
  return checks.every((check) => check.state === 'ok') ? 'ready' : 'partial';
}

/** The report as plain text, to be sent to another person. */
export function doctorText({ checks }: DoctorReport): string {
  return checks
    .map((check) =>
      [
        `${check.state.padEnd(8)}${check.name}: ${check.found}`,
        ...(hintOf(check) === undefined ? [] : [`        ${hintOf(check)}`]),
      ].join('\n'),
    )
    .join('\n');
}
