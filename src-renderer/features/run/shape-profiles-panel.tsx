import { useEffect } from 'react';
import { ownValue } from '../../../src-shared/base/records';
import { shapeProfilesText, PROFILE_POINTS } from '../../../src-shared/domain/engines/shape-profiles';
import { t } from '../../i18n';
import { reportError } from '../../state/notices';
import { useSession } from '../../state/session';
import { Button, IconButton } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { TextField } from '../../widgets/fields';
import { Icon } from '../../widgets/icons';
import { ModelName } from '../../widgets/model-name';
import { useRunOptions } from './run-store';
import {
  blankDraft,
  chosenShapes,
  draftsOf,
  useShapeProfiles,
  type DraftProblem,
  type ProfileDraft,
} from './shape-profiles';
import shared from './run.module.css';
import styles from './shape-profiles-panel.module.css';

const NO_DRAFTS: readonly ProfileDraft[] = [];

/**
 * The optimization profiles of TensorRT engines: those that the application proposes from the sets, or the user's own.
 * Nothing for a model whose sizes are all fixed.
 */
export function ShapeProfilesPanel({ projectPath }: { readonly projectPath: string }) {
  const api = useSession((state) => state.api);
  const batches = useRunOptions((state) => state.options.batches);
  const view = useShapeProfiles((state) => ownValue(state.views, projectPath) ?? null);
  const drafts = useShapeProfiles((state) => ownValue(state.drafts, projectPath) ?? NO_DRAFTS);
  const choose = useShapeProfiles((state) => state.choose);
  useEffect(() => {
    let isCurrent = true;
    api.getShapes({ projectPath, batches }).then((found) => {
      if (isCurrent) useShapeProfiles.getState().know(projectPath, found);
    }, reportError);
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, batches]);
  if (view === null || view.proposal?.length === 0) return null;
  const proposal = view.proposal === null ? [blankDraft(view)] : draftsOf(view.proposal);
  const keep = (changed: readonly ProfileDraft[]): void => choose(projectPath, changed);
  const { problem } = chosenShapes(
    { drafts: { [projectPath]: drafts }, views: { [projectPath]: view } },
    projectPath,
    batches,
  );
  return (
    <section className={styles.root} aria-labelledby="run-shapes">
      <h3 id="run-shapes" title={t('shapes.title')}>
        {t('shapes.heading')}
      </h3>
      {drafts.length === 0 ? (
        <>
          <p className={classNames(shared.note, 'dim')}>
            {t(view.proposal === null ? 'shapes.unknown' : 'shapes.auto')}
          </p>
          {(view.proposal ?? []).map((profile, i) => (
            <p key={i} className={classNames(shared.note, styles.proposed)}>
              {shapeProfilesText([profile]).replaceAll(',', '\n')}
            </p>
          ))}
          <Button onClick={() => keep(proposal)}>{t('shapes.choose')}</Button>
        </>
      ) : (
        <>
          {drafts.map((draft, i) => (
            <Profile
              key={i}
              number={i + 1}
              draft={draft}
              onChange={(changed) => keep(drafts.map((own, j) => (i === j ? changed : own)))}
              onRemove={() => keep(drafts.filter((_, j) => i !== j))}
            />
          ))}
          {problem === null ? null : (
            <p className={classNames(shared.note, shared.problem)} role="alert">
              <Icon name="warning" /> <span>{problemText(problem, view.modelPath, shapesText(view.inputs))}</span>
            </p>
          )}
          <div className={shared.buttons}>
            <Button onClick={() => keep([...drafts, drafts.at(-1) ?? blankDraft(view)])}>{t('shapes.add')}</Button>
            <Button tone="quiet" onClick={() => keep(proposal)}>
              {t('shapes.propose')}
            </Button>
            <Button tone="quiet" onClick={() => keep([])}>
              {t('shapes.leave')}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

interface ProfileProps {
  readonly number: number;
  readonly draft: ProfileDraft;
  readonly onChange: (draft: ProfileDraft) => void;
  readonly onRemove: () => void;
}

function Profile({ number, draft, onChange, onRemove }: ProfileProps) {
  return (
    <fieldset className={styles.profile}>
      <legend className={styles.legend}>{t('shapes.profile', { number })}</legend>
      <IconButton icon="cross" className={styles.remove} label={t('shapes.remove', { number })} onClick={onRemove} />
      {draft.map((range, i) => (
        <div key={range.input} className={styles.range}>
          <span className={styles.input}>
            <ModelName name={range.input} />
          </span>
          {PROFILE_POINTS.map((point) => (
            <div key={point} className={styles.point}>
              <span className="dim" aria-hidden="true">
                {t(`shapes.${point}`)}
              </span>
              <TextField
                label={t('shapes.field', { point: t(`shapes.${point}`), input: range.input, number })}
                isLabelHidden
                value={range[point]}
                onChange={({ target }) =>
                  onChange(draft.map((own, j) => (i === j ? { ...own, [point]: target.value } : own)))
                }
              />
            </div>
          ))}
        </div>
      ))}
    </fieldset>
  );
}

function shapesText(inputs: readonly { readonly name: string; readonly dims: readonly (number | string)[] }[]): string {
  return inputs.map(({ name, dims }) => `${name} [${dims.join(', ')}]`).join(', ');
}

/** What is wrong, in which profile and input, and what the file of the model takes. */
function problemText({ code, profile, input, batch = 0 }: DraftProblem, modelPath: string, shapes: string): string {
  const file = modelPath.split(/[/\\]/).at(-1) ?? '';
  return t(`shapes.problem.${code}`, { number: profile, input, batch, file, shapes });
}
