import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { LiveState } from './live/live-state.ts';
import type { Action } from '../view/actions.ts';

/** What a person is asked about before anything happens. */
export type Question =
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'scale'; readonly stack: string; readonly service: string };

export interface PageContext {
  readonly live: LiveState;
  /** The daemon's clock, milliseconds since the epoch; it moves on every second. */
  readonly now: number;
  readonly ask: (question: Question) => void;
}

const context = createContext<PageContext | undefined>(undefined);

export const PageProvider = context.Provider;

export function usePage(): PageContext {
  const page = useContext(context);
  if (page === undefined) throw new Error('this part stands on no page');
  return page;
}
