/** Where the page starts. */
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/shell.css';
import './style/panel.css';
import './style/page.css';
import { App } from './app.tsx';

render(<App />, document.getElementById('app')!);
