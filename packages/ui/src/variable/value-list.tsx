/**
 * The values of a variable, to choose one or several of them: a search field that rules a list.
 *
 * Arrows, Home and End move the mark, Enter takes or leaves the marked value, Escape and Tab close. With one value the
 * choice closes the list; with several each choice holds at once, and All excludes the others.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ALL, type Chosen } from '../dashboard/choices.ts';
import type { VariableModel, VariableOption } from '../dashboard/variables.ts';
import { setVariable } from '../shell/use-route.ts';

/** More values than these are counted; typing narrows them. */
const SHOWN_MOST = 200;

interface ValueListProps {
  readonly variable: VariableModel;
  readonly options: readonly VariableOption[];
  readonly chosen: Chosen | undefined;
  close(): void;
}

/** Draws the search field and the list. */
export function ValueList({ variable, options, chosen, close }: ValueListProps): JSX.Element {
  const [search, setSearch] = useState('');
  const [marked, setMarked] = useState(0);
  const isFirst = useRef(true);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const { name, label, multi, all } = variable;
  const picked = chosen === undefined || chosen.all === true ? [] : chosen.values;
  const wanted = search.trim().toLowerCase();
  const found = offered(options, picked, all).filter(({ text }) => text.toLowerCase().includes(wanted));
  const shown = found.slice(0, SHOWN_MOST);
  const isPicked = ({ value }: VariableOption): boolean =>
    value === ALL ? chosen?.all === true : picked.includes(value);
  const pick = (option: VariableOption | undefined): void => {
    if (option === undefined) return;
    setVariable(name, nextChoice(option.value, picked, multi), { replace: !isFirst.current });
    isFirst.current = false;
    if (!multi) close();
  };
  useEffect(() => {
    // On a touch screen the keyboard would cover the list.
    if (!matchMedia('(pointer: coarse)').matches) input.current?.focus();
    const at = shown.findIndex(isPicked);
    if (at > 0) setMarked(at);
  }, []);
  useEffect(() => {
    list.current?.querySelector('.marked')?.scrollIntoView({ block: 'nearest' });
  }, [marked, search]);
  const id = (i: number): string => `values-${name}-${i}`;
  const onKey = (event: KeyboardEvent): void => {
    const to = { ArrowDown: marked + 1, ArrowUp: marked - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (event.key === 'Enter') pick(shown[marked]);
    else if (to !== undefined) setMarked((to + shown.length) % Math.max(1, shown.length));
    else return;
    event.preventDefault();
  };
  return (
    <div class="value-list">
      <input
        ref={input}
        class="control"
        role="combobox"
        aria-label={`Search the values of ${label}`}
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={id(-1)}
        aria-activedescendant={shown[marked] === undefined ? undefined : id(marked)}
        placeholder="Search"
        spellcheck={false}
        autocomplete="off"
        value={search}
        onInput={({ currentTarget }) => {
          setSearch(currentTarget.value);
          setMarked(0);
        }}
        onKeyDown={onKey}
      />
      <div
        ref={list}
        id={id(-1)}
        role="listbox"
        tabIndex={-1}
        aria-label={label}
        aria-multiselectable={multi}
        // The search field keeps the focus, and with it the keys.
        onMouseDown={(event) => event.preventDefault()}
      >
        {shown.map((option, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the search field has the focus, and its keys rule the list
          <div
            key={option.value}
            id={id(i)}
            role="option"
            tabIndex={-1}
            aria-selected={isPicked(option)}
            class={i === marked ? 'marked' : ''}
            title={option.text}
            onPointerMove={() => setMarked(i)}
            onClick={() => pick(option)}
          >
            {option.text === '' ? <em>empty</em> : option.text}
          </div>
        ))}
      </div>
      {found.length > shown.length && <p>and {found.length - shown.length} more: type to find them</p>}
      {found.length === 0 && <p>{options.length === 0 ? 'There are no values.' : 'Nothing matches.'}</p>}
    </div>
  );
}

/** All first; what is chosen and no longer there stays to be taken away. */
function offered(
  options: readonly VariableOption[],
  picked: readonly string[],
  all: boolean,
): VariableOption[] {
  const gone = picked.filter((value) => !options.some((option) => option.value === value));
  return [
    ...(all ? [{ value: ALL, text: 'All' }] : []),
    ...gone.map((value) => ({ value, text: value })),
    ...options,
  ];
}

/** What is chosen after a value was pressed; without any, what the dashboard itself chooses. */
export function nextChoice(value: string, picked: readonly string[], multi: boolean): readonly string[] {
  if (!multi || value === ALL) return [value];
  return picked.includes(value) ? picked.filter((one) => one !== value) : [...picked, value];
}
