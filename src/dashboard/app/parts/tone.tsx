import type { ComponentChildren, JSX } from 'preact';
import type { Tone } from '../../view/states.ts';

/** A mark whose shape, not its colour alone, says how things stand. */
export function Mark({ tone }: { readonly tone: Tone }): JSX.Element {
  return <span class={`mark mark-${tone}`} aria-hidden="true" />;
}

/** A word with its mark. */
export function Toned({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <span class={`toned tone-${tone}`}>
      <Mark tone={tone} />
      <span>{children}</span>
    </span>
  );
}
