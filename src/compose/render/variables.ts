import { parseTemplate, TemplateError, type Piece } from '../interpolate/template.ts';
import { isMap, type Tree } from '../tree.ts';

/** A variable that a model asks for. */
export interface Variable {
  readonly name: string;
  /** Used when the variable is not set; empty when there is none. */
  readonly defaultValue: string;
  /** Used when the variable is set; empty when there is none. */
  readonly presenceValue: string;
  readonly isRequired: boolean;
}

/** The variables that a model, not interpolated, asks for, sorted by name. */
export function extractVariables(model: Tree): Variable[] {
  const variables = new Map<string, Variable>();
  collect(model, variables);
  return [...variables.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function collect(value: Tree, variables: Map<string, Variable>): void {
  if (typeof value === 'string') {
    if (value.includes('$')) collectFrom(value, variables);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, variables);
  } else if (isMap(value)) {
    for (const key in value) collect(value[key] ?? null, variables);
  }
}

function collectFrom(template: string, variables: Map<string, Variable>): void {
  for (const piece of pieces(template)) {
    if (piece.kind === 'text') continue;
    const { name, operator, argument } = piece;
    const isDefault = operator === '-' || operator === ':-';
    const isPresence = operator === '+' || operator === ':+';
    variables.set(name, {
      name,
      defaultValue: isDefault ? argument : '',
      presenceValue: isPresence ? argument : '',
      isRequired: operator === '?' || operator === ':?',
    });
    if (isDefault || isPresence) collectFrom(argument, variables);
  }
}

function pieces(template: string): Piece[] {
  try {
    return parseTemplate(template);
  } catch (thrown) {
    if (thrown instanceof TemplateError) return [];
    throw thrown;
  }
}
