import type { ProjectView } from '../../../src-shared/contract/views';
import type { GateResult, RunRecord } from '../../../src-shared/domain/runs/run-record';
import { t } from '../../i18n';
import { useAnalyses } from '../../state/analyses';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { Button } from '../../widgets/button';
import { speedText } from '../../widgets/number-text';
import { gateSentence, reasonText } from './gates';
import { headlineOf, type Headline, type HeadlineAction, type HeadlineFacts } from './headline';
import { useResults } from './results-store';
import { actionName, changeText } from './why';
import { Verdict, type Tone } from './verdict';

interface HeadlineLineProps {
  readonly project: ProjectView;
  readonly record: RunRecord;
  readonly judged: readonly GateResult[];
}

const TONES: Readonly<Record<Headline['kind'], Tone | undefined>> = {
  none: undefined,
  mend: 'bad',
  missed: 'bad',
  slower: 'caution',
  ship: 'caution',
  unjudged: 'caution',
  ready: 'good',
  open: undefined,
};

/** The verdict in one sentence, with the suggested action. */
export function HeadlineLine({ project, record, judged }: HeadlineLineProps) {
  const { view } = useAnalyses();
  const headline = headlineOf({ record, judged, analyses: view, file: project.file });
  const action = headline.kind === 'none' ? null : headline.action;
  return (
    <Verdict tone={TONES[headline.kind]} isLarge testId="results-headline">
      <p>{headlineText(headline)}</p>
      {action === null ? null : <HeadlineButton action={action} />}
    </Verdict>
  );
}

function headlineText(headline: Headline): string {
  switch (headline.kind) {
    case 'none':
      return t('results.verdict.none');
    case 'mend': {
      const { action } = headline.action;
      return t('results.headline.mend', {
        variant: headline.variant,
        group: headline.group,
        action: actionName(action),
        change: changeText(action.before, action.after),
      });
    }
    case 'missed':
      return t('results.headline.missed', { variant: headline.variant, gate: gateSentence(headline.gate) });
    case 'slower':
      return t('results.headline.slower', {
        variant: headline.variant,
        other: headline.other,
        speed: speedText(headline.speed),
      });
    case 'ship':
      return headline.speed.kind === 'same'
        ? t('results.headline.shipSame', { variant: headline.variant, other: headline.other })
        : t('results.headline.ship', {
            variant: headline.variant,
            other: headline.other,
            speed: speedText(headline.speed),
          });
    case 'unjudged':
      return t('results.headline.unjudged', { variant: headline.variant, reason: reasonText(headline.gate) });
    case 'ready':
    case 'open':
      return t(`results.headline.${headline.kind}`, { variant: headline.variant, facts: factsText(headline.facts) });
  }
}

function factsText({ difference, measure, sqnr, speed }: HeadlineFacts): string {
  const parts = [
    ...(difference === null ? [] : [t('results.headline.difference', { measure, difference })]),
    ...(sqnr === null ? [] : [t('results.headline.sqnr', { sqnr })]),
    ...(speed === null
      ? []
      : [
          speed.kind === 'same' ? t('results.headline.same') : t('results.headline.speed', { speed: speedText(speed) }),
        ]),
  ];
  return parts.map((part) => t('results.headline.fact', { part })).join('');
}

function HeadlineButton({ action }: { readonly action: HeadlineAction }) {
  const openScreen = useView((state) => state.openScreen);
  const edit = useSession((state) => state.edit);
  const askWhy = useResults((state) => state.askWhy);
  switch (action.kind) {
    case 'apply':
      return (
        <Button tone="primary" onClick={() => void edit(actionName(action.action), [action.edit])}>
          {t('results.why.apply')}
        </Button>
      );
    case 'why':
      return (
        <Button tone="primary" onClick={() => askWhy(action.subject)}>
          {t('results.headline.action.why')}
        </Button>
      );
    case 'open':
      return <Button onClick={() => openScreen(action.screen)}>{t(`results.headline.action.${action.label}`)}</Button>;
  }
}
