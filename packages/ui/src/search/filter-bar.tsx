import { type FormEvent, type KeyboardEvent, useEffect, useState } from 'react';
import { DURATION, LAST_RANGES, type SearchState, type TimeRange } from '../url/search-state.ts';

interface FilterProps {
  readonly state: SearchState;
  readonly change: (part: Partial<SearchState>) => void;
}

/** Attribute terms, least duration, errors alone, time, live. Services are chosen at the side. */
export function FilterBar({ state, change }: FilterProps) {
  const onlyErrors = state.status === 'error';
  return (
    <search className="filters">
      <TextFilter
        id="terms"
        className="filter-terms"
        value={state.q}
        placeholder="attribute=value …   http.response.status_code=500"
        label="Attribute terms"
        isValid={isTerms}
        problem="Write terms like url.path=/orders/7, apart by spaces."
        onValue={(q) => change({ q })}
      />
      <TextFilter
        id="min-duration"
        className="filter-duration"
        value={state.minDuration ?? ''}
        placeholder="≥ 10ms"
        label="Least duration"
        isValid={(text) => text === '' || DURATION.test(text)}
        problem="Write a number with ns, us, ms, s, m or h."
        onValue={(text) => change({ minDuration: text === '' ? null : text })}
      />
      <button
        type="button"
        className="button"
        aria-pressed={onlyErrors}
        onClick={() => change({ status: onlyErrors ? null : 'error' })}
      >
        Errors
      </button>
      <RangeFilter state={state} change={change} />
      <button
        type="button"
        className="button"
        aria-pressed={state.live}
        onClick={() => change({ live: !state.live })}
        disabled={state.range.kind === 'between'}
        title="Read again every two seconds (L)"
      >
        <span className={`dot ${state.live ? 'good pulse' : 'idle'}`} /> Live
      </button>
    </search>
  );
}

/** `a=b c="d e"` */
function isTerms(text: string): boolean {
  return /^\s*([^\s="]+=("([^"\\]|\\.)*"(?=\s|$)|[^\s"]\S*|(?=\s|$))\s*)*$/.test(text);
}

function RangeFilter({ state: { range }, change }: FilterProps) {
  const between = range.kind === 'between';
  const choose = (text: string) => {
    if (text === 'between') change({ range: lastAsBetween(range), live: false });
    for (const [minutes, name] of LAST_RANGES) {
      if (name === text) change({ range: { kind: 'last', minutes } });
    }
  };
  return (
    <select
      className="field"
      aria-label="Time"
      value={between ? 'between' : LAST_RANGES.get(range.minutes)}
      onChange={(event) => choose(event.target.value)}
    >
      {[...LAST_RANGES.values()].map((text) => (
        <option key={text} value={text}>
          last {text}
        </option>
      ))}
      <option value="between">from … to …</option>
    </select>
  );
}

/** The same time with fixed ends. */
function lastAsBetween(range: TimeRange): TimeRange {
  if (range.kind === 'between') return range;
  const now = Date.now();
  const nanos = (millis: number) => String(BigInt(millis) * 1_000_000n);
  return { kind: 'between', from: nanos(now - range.minutes * 60_000), to: nanos(now) };
}

/** A text that becomes a filter on Enter, or when it is left; Esc brings back what was there. */
function TextFilter({
  id,
  className,
  value,
  placeholder,
  label,
  isValid,
  problem,
  onValue,
}: {
  readonly id: string;
  readonly className: string;
  readonly value: string;
  readonly placeholder: string;
  readonly label: string;
  readonly isValid: (text: string) => boolean;
  readonly problem: string;
  readonly onValue: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const valid = isValid(text.trim());
  const commit = () => {
    if (valid && text.trim() !== value) onValue(text.trim());
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    commit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setText(value);
  };
  return (
    <form className={className} onSubmit={submit}>
      <input
        id={id}
        className="field mono"
        value={text}
        placeholder={placeholder}
        aria-label={label}
        aria-invalid={!valid}
        title={valid ? undefined : problem}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={onKeyDown}
      />
    </form>
  );
}
