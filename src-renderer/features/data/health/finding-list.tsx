import type { HealthFinding, HealthImage, HealthSeverity } from '../../../../src-shared/domain/health/health';
import { hasMessage, t } from '../../../i18n';
import { openHistogramOf } from '../../../state/histogram-tab';
import { useThumbnail } from '../../../state/use-thumbnail';
import { Button } from '../../../widgets/button';
import { classNames } from '../../../widgets/class-names';
import { Icon, type IconName } from '../../../widgets/icons';
import { ModelName } from '../../../widgets/model-name';
import { useData } from '../data-store';
import styles from './finding-list.module.css';

const SEVERITIES = { error: styles.error, warning: styles.warning, info: styles.info };
const ICONS: Readonly<Record<HealthSeverity, IconName>> = { error: 'cross', warning: 'warning', info: 'info' };
const PICTURE_PX = 72;
/** Codes of the findings about pairs of images; such findings show two pictures for each pair. */
const PAIR_CODES: ReadonlySet<string> = new Set([
  'images-duplicate',
  'images-near-duplicate',
  'images-shared',
  'images-near-shared',
]);

/** The findings, the most severe first, with the affected pictures and tensors. */
export function FindingList({ findings }: { readonly findings: readonly HealthFinding[] }) {
  if (findings.length === 0) return <p className={styles.fine}>{t('health.fine')}</p>;
  return (
    <ul className={styles.findings} aria-label={t('health.findings')}>
      {findings.map((finding, index) => (
        <li key={index} className={classNames(styles.finding, SEVERITIES[finding.severity])}>
          <Icon name={ICONS[finding.severity]} label={t(`health.severity.${finding.severity}`)} />
          <div className={styles.findingBody}>
            <p>{findingText(finding)}</p>
            {finding.tensors === undefined || finding.tensors.length === 0 ? null : (
              <Tensors tensors={finding.tensors} />
            )}
            {finding.images === undefined || finding.images.length === 0 ? null : (
              <Pictures images={finding.images} arePairs={PAIR_CODES.has(finding.code)} />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Tensors({ tensors }: { readonly tensors: readonly string[] }) {
  return (
    <p className={styles.tensors}>
      {tensors.map((tensor) => (
        <Button
          key={tensor}
          tone="quiet"
          title={t('health.openHistogram', { tensor })}
          onClick={() => openHistogramOf(tensor)}
        >
          <ModelName name={tensor} />
        </Button>
      ))}
    </p>
  );
}

function Pictures({ images, arePairs }: { readonly images: readonly HealthImage[]; readonly arePairs: boolean }) {
  const size = arePairs ? 2 : 1;
  const parts = Array.from({ length: Math.ceil(images.length / size) }, (_, i) =>
    images.slice(i * size, (i + 1) * size),
  );
  return (
    <div className={styles.pictures}>
      {parts.map((part, i) => (
        <span key={i} className={styles.picturePart}>
          {part.map((image) => (
            <Picture key={`${image.set} ${image.id}`} image={image} />
          ))}
        </span>
      ))}
    </div>
  );
}

function Picture({ image }: { readonly image: HealthImage }) {
  const thumbnail = useThumbnail(image.set, image.id, 2 * PICTURE_PX);
  const openImage = useData((state) => state.openImage);
  return (
    <button
      type="button"
      className={styles.picture}
      title={`${t(`health.set.${image.set}`)}: ${image.id}`}
      onClick={() => openImage(image.set, image.id)}
    >
      <span className={styles.pictureBox}>
        {thumbnail.kind === 'ready' ? <img src={thumbnail.url} alt="" draggable={false} /> : null}
      </span>
      <span className="ellipsis dim">{image.id}</span>
    </button>
  );
}

/** The sentence of a finding in the current language. */
export function findingText({ code, facts, message }: HealthFinding): string {
  const key = `health.finding.${code}`;
  // A health check that was made by a newer version may contain unknown kinds of findings.
  if (!hasMessage(key)) return message;
  return t(key, Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, shown(name, value)])));
}

function shown(name: string, value: string | number): string | number {
  if (name === 'set' && hasMessage(`health.set.${value}`)) return t(`health.set.${value}`);
  if (name === 'method' && hasMessage(`jobs.method.${value}`)) return t(`jobs.method.${value}`);
  return value;
}
