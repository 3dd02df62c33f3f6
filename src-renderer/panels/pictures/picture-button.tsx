import type { ReactNode } from 'react';
import { t } from '../../i18n';
import styles from './picture-button.module.css';

interface PictureButtonProps {
  readonly imageId: string;
  readonly onOpen: () => void;
  /** The small picture. What stands in its place while it is loading has `aria-busy`. */
  readonly children: ReactNode;
}

/** A small picture that is shown large when it is clicked, also while it is still loading. */
export function PictureButton({ imageId, onOpen, children }: PictureButtonProps) {
  return (
    <button type="button" className={styles.root} aria-label={t('picture.open', { name: imageId })} onClick={onOpen}>
      {children}
    </button>
  );
}
