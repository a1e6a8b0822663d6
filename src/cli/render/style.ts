import { styleText } from 'node:util';

/** Paints a text; the plain style hands it back as it is. */
export type Paint = (text: string) => string;

/** The few looks that output has. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly doubtful: Paint;
  readonly accent: Paint;
  /** One of a cycle of colours, so that neighbours differ. */
  readonly cycled: (position: number) => Paint;
}

type Format = Parameters<typeof styleText>[0];

const cycle: readonly Format[] = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'cyanBright',
  'yellowBright',
  'greenBright',
  'magentaBright',
  'blueBright',
];

const paintWith =
  (format: Format): Paint =>
  (text) =>
    styleText(format, text, { validateStream: false });

const asIs: Paint = (text) => text;

export const plainStyle: Style = {
  bold: asIs,
  dim: asIs,
  good: asIs,
  bad: asIs,
  doubtful: asIs,
  accent: asIs,
  cycled: () => asIs,
};

export const colouredStyle: Style = {
  bold: paintWith('bold'),
  dim: paintWith('dim'),
  good: paintWith('green'),
  bad: paintWith('red'),
  doubtful: paintWith('yellow'),
  accent: paintWith('cyan'),
  cycled: (position) => paintWith(cycle[position % cycle.length] ?? 'cyan'),
};
