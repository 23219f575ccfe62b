// `npm start`: installs what is missing, builds, then starts the reference systems under a monitor;
// `npm start -- bricklayers` only one of them.
import { readArguments } from './start-arguments.mjs';

readArguments();
await import('./install.mjs');
await import('./build.mjs');
await import('../systems/stage/dist/main.js');
