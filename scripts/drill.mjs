// `npm run drill`: installs what is missing, builds, then causes what alerts are for and watches them fire.
import './install.mjs';
import './build.mjs';

await import('../systems/stage/dist/drill/main.js');
