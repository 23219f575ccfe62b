/** The links of a point in a chart, offered beside it when it is clicked. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Link } from '../dashboard/data-links.ts';
import { LinkList } from './linked.tsx';

/** Links that were asked for at a point of the screen. */
export interface Offered {
  readonly links: readonly Link[];
  readonly x: number;
  readonly y: number;
}

/** The links of the point that was clicked, beside it. */
export function OfferedLinks({
  offered: { links, x, y },
  onClose,
}: {
  readonly offered: Offered;
  onClose(): void;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector('a')?.focus();
    const away = (event: Event): void => {
      if (!(event.target instanceof Node && box.current?.contains(event.target))) onClose();
    };
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') onClose();
    };
    addEventListener('pointerdown', away);
    addEventListener('scroll', away, true);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('scroll', away, true);
      removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <div class="dropdown-box offered" ref={box} style={{ left: `min(${x}px, 100vw - 270px)`, top: `${y}px` }}>
      <LinkList links={links} />
    </div>
  );
}
