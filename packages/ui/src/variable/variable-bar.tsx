/** The variables at the top of a dashboard: what is chosen, and the way to choose something else. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ALL, type Chosen, shownText } from '../dashboard/choices.ts';
import type { ResolvedVariables } from '../dashboard/variable-values.ts';
import type { VariableModel, VariableOption } from '../dashboard/variables.ts';
import { useModule } from '../panel/use-module.ts';
import { Dropdown } from '../shell/dropdown.tsx';
import { Chevron, Warning } from '../shell/icons.tsx';
import { setVariable } from '../shell/use-route.ts';

/** So many values are still found without a search. */
const PLAIN_MOST = 15;
/** Chosen values beyond these are counted on the button. */
const NAMED_MOST = 2;

/** Draws a control for each variable that is not hidden. */
export function VariableBar({
  variables,
  resolved,
}: {
  readonly variables: readonly VariableModel[];
  readonly resolved: ResolvedVariables;
}): JSX.Element {
  return (
    <>
      {variables
        .filter(({ hidden }) => !hidden)
        .map((variable) => (
          <span class="variable" key={variable.name} title={variable.description || undefined}>
            {!variable.labelHidden && <span aria-hidden="true">{variable.label}</span>}
            <Control
              variable={variable}
              options={resolved.options[variable.name] ?? []}
              chosen={resolved.choices[variable.name]}
            />
            {resolved.problems[variable.name] !== undefined && (
              <button
                type="button"
                class="hint bad"
                aria-label={`Values of ${variable.label}: ${resolved.problems[variable.name]}`}
                data-hint={resolved.problems[variable.name]}
              >
                <Warning />
              </button>
            )}
          </span>
        ))}
    </>
  );
}

interface ControlProps {
  readonly variable: VariableModel;
  readonly options: readonly VariableOption[];
  /** Undefined as long as its values are not known. */
  readonly chosen: Chosen | undefined;
}

function Control(props: ControlProps): JSX.Element {
  const { variable, options, chosen } = props;
  if (variable.kind === 'textbox') return <TextBox variable={variable} value={chosen?.values[0] ?? ''} />;
  if (variable.multi || options.length > PLAIN_MOST) return <ListControl {...props} />;
  const value = chosen?.all === true ? ALL : (chosen?.texts?.[0] ?? chosen?.values[0] ?? '');
  const isOffered = value === ALL || options.some(({ text }) => text === value);
  return (
    <select
      class="control"
      aria-label={variable.label}
      value={value}
      onChange={({ currentTarget }) => {
        const picked = options.find(({ text }) => text === currentTarget.value);
        setVariable(variable.name, [picked?.value ?? currentTarget.value]);
      }}
    >
      {variable.all && <option value={ALL}>All</option>}
      {!isOffered && <option value={value}>{value === '' ? 'None' : value}</option>}
      {options.map(({ text }) => (
        <option key={text}>{text}</option>
      ))}
    </select>
  );
}

/** A text that is taken with Enter, or when it is left. */
function TextBox({
  variable,
  value,
}: {
  readonly variable: VariableModel;
  readonly value: string;
}): JSX.Element {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const take = (): void => {
    if (typed !== value) setVariable(variable.name, [typed]);
  };
  return (
    <input
      class="control variable-text"
      aria-label={variable.label}
      value={typed}
      spellcheck={false}
      onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      onBlur={take}
      onKeyDown={({ key }) => {
        if (key === 'Enter') take();
        else if (key === 'Escape') setTyped(value);
      }}
    />
  );
}

const loadList = () => import('./value-list.tsx');

function ListControl({ variable, options, chosen }: ControlProps): JSX.Element {
  const list = useModule(loadList, true);
  const summary = chosen === undefined ? '…' : summaryOf(chosen);
  return (
    <Dropdown
      kind="listbox"
      name={`${variable.label}: ${summary}`}
      title={chosen === undefined ? undefined : shownText(chosen)}
      label={
        <>
          <span class="variable-summary">{summary}</span>
          <Chevron />
        </>
      }
    >
      {(close) =>
        list !== undefined && (
          <list.ValueList variable={variable} options={options} chosen={chosen} close={close} />
        )
      }
    </Dropdown>
  );
}

function summaryOf({ all, values, texts = values }: Chosen): string {
  if (all === true) return 'All';
  if (texts.length === 0) return 'None';
  const named = texts.slice(0, NAMED_MOST).join(', ');
  return texts.length > NAMED_MOST ? `${named} + ${texts.length - NAMED_MOST}` : named;
}
