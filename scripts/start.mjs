// `npm start`: installs what is missing, builds, then starts the reference systems under a monitor.
import './install.mjs';
import './build.mjs';

await import('../systems/stage/dist/main.js');
