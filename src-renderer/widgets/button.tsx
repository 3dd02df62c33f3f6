import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './button.module.css';
import { classNames } from './class-names';
import { Icon, type IconName } from './icons';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly children: ReactNode;
  /** `primary` is the next step of a screen, `quiet` has no frame, `danger` deletes or stops something. */
  readonly tone?: 'normal' | 'primary' | 'quiet' | 'danger';
  readonly icon?: IconName;
}

const TONES = { normal: undefined, primary: styles.primary, quiet: styles.quiet, danger: styles.danger };

export function Button({ children, tone = 'normal', icon, className, ...rest }: ButtonProps) {
  return (
    <button type="button" className={classNames(styles.root, TONES[tone], className)} {...rest}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly icon: IconName;
  /** The accessible name, which is also the tooltip. */
  readonly label: string;
  /** A tooltip that is longer than the label. */
  readonly hint?: string;
}

export function IconButton({ icon, label, hint, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={classNames(styles.root, styles.icon, className)}
      aria-label={label}
      title={hint ?? label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
