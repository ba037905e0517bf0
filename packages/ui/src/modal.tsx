import { type ReactNode, useEffect, useRef } from 'react';

/** A dialog over the page; Esc, its button and a click beside it close it. */
export function Modal({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // Only the backdrop is the dialog itself: what is in it lies within its padding.
    const onClick = ({ target, clientX, clientY }: MouseEvent) => {
      if (target !== dialog || dialog === null) return;
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      if (clientX < left || clientX > right || clientY < top || clientY > bottom) dialog.close();
    };
    dialog?.addEventListener('click', onClick);
    return () => {
      dialog?.removeEventListener('click', onClick);
      dialog?.close();
    };
  }, []);
  return (
    <dialog ref={ref} onClose={onClose} aria-label={title}>
      <div className="dialog-head">
        <h2>{title}</h2>
        <button type="button" className="button plain" onClick={() => ref.current?.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {children}
    </dialog>
  );
}
