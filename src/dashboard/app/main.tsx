import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/tables.css';
import './styles/overlays.css';
import './styles/log.css';
import './styles/charts.css';
import './styles/decisions.css';
import { App } from './app.tsx';
import { applyTheme, storedTheme } from './theme.ts';

applyTheme(storedTheme());
const host = document.querySelector('#app');
if (host !== null) render(<App />, host);
