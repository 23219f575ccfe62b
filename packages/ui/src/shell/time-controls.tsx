/** Which time is shown, and how often it moves: the range, the refresh interval, and refresh now. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isLive, QUICK_RANGES, rangeTitle, zoomOut } from '../time/range.ts';
import { Chevron, Clock, Reload, ZoomOut } from './icons.tsx';
import { useShortcut } from './shortcut.ts';
import { setRefresh, showRange, type View } from './view.ts';

const REFRESHES = ['', '1s', '2s', '5s', '10s', '30s', '1m'];

/** Draws the controls; `t` opens the ranges, `r` refreshes. */
export function TimeControls({ view, onRefresh }: { readonly view: View; onRefresh(): void }): JSX.Element {
  const { range, refresh } = view;
  useShortcut('r', onRefresh);
  const refreshes = REFRESHES.includes(refresh) ? REFRESHES : [...REFRESHES, refresh];
  const live = isLive(range);
  return (
    <div class="time-controls">
      <RangePicker view={view} />
      <button
        type="button"
        class="control"
        title="Zoom out"
        aria-label="Zoom out"
        onClick={() => showRange(zoomOut(range, Date.now()))}
      >
        <ZoomOut />
      </button>
      <span class="joined">
        <button
          type="button"
          class="control"
          title="Refresh now (r)"
          aria-label="Refresh now"
          onClick={onRefresh}
        >
          <Reload />
        </button>
        <select
          class="control"
          aria-label="Refresh interval"
          title={live ? 'Refresh interval' : 'A fixed range does not refresh'}
          disabled={!live}
          value={live ? refresh : ''}
          onChange={(event) => setRefresh(event.currentTarget.value)}
        >
          {refreshes.map((every) => (
            <option key={every} value={every}>
              {every === '' ? 'Off' : every}
            </option>
          ))}
        </select>
      </span>
    </div>
  );
}

function RangePicker({ view }: { readonly view: View }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useShortcut('t', () => setOpen(true));
  useEffect(() => {
    if (!open) return;
    const list = box.current?.querySelector<HTMLElement>('.menu');
    (list?.querySelector<HTMLElement>('[aria-checked=true]') ?? list?.querySelector('button'))?.focus();
    const away = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      const items = [...(box.current?.querySelectorAll<HTMLElement>('.menu button') ?? [])];
      const at = items.indexOf(document.activeElement as HTMLElement);
      if (event.key === 'Escape') {
        setOpen(false);
        box.current?.querySelector('button')?.focus();
      } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        items[(at + (event.key === 'ArrowDown' ? 1 : items.length - 1)) % items.length]?.focus();
      }
    };
    addEventListener('pointerdown', away);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('keydown', onKey);
    };
  }, [open]);
  const { from, to } = view.range;
  return (
    <div class="picker" ref={box}>
      <button
        type="button"
        class="control"
        title="Time range (t)"
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Clock />
        <span>{rangeTitle(view.range, Date.now())}</span>
        <Chevron />
      </button>
      {open && (
        <div class="menu" role="menu">
          {QUICK_RANGES.map((range) => (
            <button
              type="button"
              role="menuitemradio"
              key={range.from}
              aria-checked={range.from === from && range.to === to}
              onClick={() => {
                setOpen(false);
                showRange(range);
              }}
            >
              {rangeTitle(range, Date.now())}
            </button>
          ))}
          <p>Drag across a chart to zoom in, double-click to zoom out.</p>
        </div>
      )}
    </div>
  );
}
