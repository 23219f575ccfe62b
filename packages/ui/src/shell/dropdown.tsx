/** A button that opens a box below it. Escape and a press elsewhere close it; Escape gives the focus back. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface DropdownProps {
  readonly label: ComponentChildren;
  /** What the button is called where its content does not say it. */
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly kind: 'menu' | 'dialog' | 'listbox';
  readonly buttonClass?: string;
  /** What is in the box; `close` closes it and gives the focus back to the button. */
  children(close: () => void): ComponentChildren;
}

/** Draws the button, and the box while it is open. */
export function Dropdown({
  label,
  name,
  title,
  kind,
  buttonClass = 'control',
  children,
}: DropdownProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const close = (): void => {
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  useEffect(() => {
    if (!open) return;
    // What is anchored to the right of the screen opens to the left.
    const shown = box.current?.querySelector<HTMLElement>('.dropdown-box');
    if (shown != null && shown.getBoundingClientRect().right > document.documentElement.clientWidth - 4)
      shown.classList.add('to-left');
    const away = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    addEventListener('pointerdown', away);
    addEventListener('focusin', away);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('focusin', away);
      removeEventListener('keydown', onKey);
    };
  }, [open]);
  return (
    <span class="dropdown" ref={box}>
      <button
        type="button"
        class={buttonClass}
        aria-label={name}
        title={title}
        aria-haspopup={kind}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && <div class="dropdown-box">{children(close)}</div>}
    </span>
  );
}
