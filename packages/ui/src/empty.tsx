import type { ReactNode } from 'react';

/** Why there is nothing to see, and what to do about it. */
export function Empty({
  title,
  children,
  actions,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="empty" role="status">
      <h2>{title}</h2>
      {children}
      {actions !== undefined && <div className="empty-actions">{actions}</div>}
    </div>
  );
}
