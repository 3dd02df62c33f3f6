import type { ButtonHTMLAttributes, ReactNode } from 'react';
import './button.css';
import { classNames } from './class-names';
import { Icon, type IconName } from './icons';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly children: ReactNode;
  /** `primary`: the one next step of a screen. `quiet`: no frame until hovered. `danger`: takes something away. */
  readonly tone?: 'normal' | 'primary' | 'quiet' | 'danger';
  readonly icon?: IconName;
}

export function Button({ children, tone = 'normal', icon, className, ...rest }: ButtonProps) {
  return (
    <button type="button" className={classNames('button', `button-${tone}`, className)} {...rest}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  readonly icon: IconName;
  /** Its name for people who do not see the icon; also the tooltip. */
  readonly label: string;
  /** Longer tooltip than the label. */
  readonly hint?: string;
}

export function IconButton({ icon, label, hint, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={classNames('button', 'button-icon', className)}
      aria-label={label}
      title={hint ?? label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
