// `node scripts/screenshots.mjs [SYSTEM...]`: pictures of the systems' dashboards with data, for their READMEs.
//
// Starts the stage, lets the visitors work for some minutes, opens each dashboard of each system (or of those that are
// named) in Chromium, and writes `systems/SYSTEM/docs/UID.png`. Run by people, after a build, when dashboards have changed.
//
//     --minutes N   how long the visitors work first; 6 where nothing is said
//     --at URL      a stage that runs already, instead of one of its own
//
// A picture is of the light theme and 1280 pixels wide. With sharp, which the asset platform brings, it has a palette of
// as many colours as fit into 250 KB; without it the file is larger, and that is said.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const WIDTH_PX = 1280;
const BYTES_MAX = 250_000;
const COLOURS = [256, 128, 64, 32, 16];
/** How long a dashboard may take until no panel of it is busy. */
const LOAD_MS_MAX = 60_000;
/** Charts are drawn in the frame after their data has come. */
const DRAW_MS = 500;
/** How long a panel without data may take to say why. */
const REASON_MS_MAX = 5_000;
/** What happens now and then is not there in every moment: so many pictures are taken where a panel is empty. */
const ATTEMPTS = 6;
const BETWEEN_ATTEMPTS_MS = 5_000;
const DEFAULT_MINUTES = '6';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: DEFAULT_MINUTES }, at: { type: 'string' } },
});
const minutes = Number(options.minutes);
if (!(minutes >= 0)) fail(`--minutes: ${JSON.stringify(options.minutes)} is not a number such as 6`);
if (!existsSync(path.join(root, 'systems/stage/dist/main.js')))
  fail('nothing is built: run npm run build first');
const { SYSTEMS } = await import('../systems/stage/dist/systems.js');
const { readWatched } = await import('../systems/stage/dist/watched/read.js');
const unknown = named.find((name) => !SYSTEMS.some((system) => system.name === name));
if (unknown !== undefined)
  fail(
    `there is no system ${JSON.stringify(unknown)}; there are: ${SYSTEMS.map(({ name }) => name).join(', ')}`,
  );
const systems = SYSTEMS.filter(({ name }) => named.length === 0 || named.includes(name));

function fail(message) {
  console.error(`screenshots: ${message}`);
  process.exit(1);
}

/** Where Debian, Homebrew and others have it: in a folder of the search path. */
function chromiumPath() {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const found = ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => existsSync(file));
  return found ?? fail('chromium is missing: apt-get install chromium');
}

/** Starts the stage with a port and a folder of its own; gives its address, and what ends it. */
async function startStage() {
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-screenshots-'));
  // Where this runs as root, PostgreSQL runs as nobody, who has to get there.
  chmodSync(folder, 0o755);
  const stage = spawn(process.execPath, [path.join(root, 'systems/stage/dist/main.js'), ...named], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BINNACLE_STAGE_DIR: folder, BINNACLE_PORT: '9790', BRICKLAYERS_PORT: '0' },
  });
  const stop = async () => {
    if (stage.exitCode === null && stage.signalCode === null) {
      const ended = once(stage, 'exit');
      stage.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const origin = await new Promise((resolve, reject) => {
    const printed = [];
    createInterface({ input: stage.stdout }).on('line', (line) => {
      printed.push(line);
      const address = /Open (http:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    stage.once('exit', () => reject(new Error(`the stage ended early:\n${printed.join('\n')}`)));
  });
  return { origin, stop };
}

/** The whole of a dashboard as PNG, with the titles of panels that show a note instead of data. */
async function pictureOf(browser, origin, uid) {
  const page = await browser.newPage({
    viewport: { width: WIDTH_PX, height: 900 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(`${origin}/#/d/${uid}?from=now-5m&to=now&refresh=off`);
  await page.locator('main.dashboard .panel').first().waitFor({ timeout: LOAD_MS_MAX });
  // There is nothing to scroll in a picture.
  await page.addStyleTag({ content: 'html, body { scrollbar-gutter: auto !important; }' });
  // Panels ask when they come into sight, so all of them are in sight.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: WIDTH_PX, height });
  await page.waitForFunction(() => document.querySelector('.panel[aria-busy="true"]') === null, undefined, {
    timeout: LOAD_MS_MAX,
  });
  await sleep(DRAW_MS);
  // A panel without data looks for the reason; where it finds none, it stays without.
  await page
    .waitForFunction(
      () => [...document.querySelectorAll('.panel-note')].every((note) => note.querySelector('p') !== null),
      undefined,
      { timeout: REASON_MS_MAX },
    )
    .catch(() => undefined);
  const notes = await page.evaluate(() =>
    [...document.querySelectorAll('.panel')]
      .filter((panel) => panel.querySelector('.panel-note') !== null)
      .map((panel) => panel.getAttribute('aria-label') ?? ''),
  );
  const png = await page.screenshot({ fullPage: true });
  await page.close();
  return { png, notes };
}

/** The picture with the fewest empty panels of some. */
async function bestPictureOf(browser, origin, uid) {
  let best = await pictureOf(browser, origin, uid);
  for (let i = 1; i < ATTEMPTS && best.notes.length > 0; i++) {
    await sleep(BETWEEN_ATTEMPTS_MS);
    const another = await pictureOf(browser, origin, uid);
    if (another.notes.length < best.notes.length) best = another;
  }
  return best;
}

/** The picture with as many colours as its bytes allow. */
async function quantised(png) {
  const sharp = await import('sharp').then(
    (module) => module.default,
    () => undefined,
  );
  if (sharp === undefined) return png;
  let smallest = png;
  for (const colours of COLOURS) {
    const made = await sharp(png).png({ palette: true, colours, effort: 10, dither: 0 }).toBuffer();
    if (made.length < smallest.length) smallest = made;
    if (smallest.length <= BYTES_MAX) break;
  }
  return smallest;
}

const executablePath = chromiumPath();
const stage = options.at === undefined ? await startStage() : { origin: options.at, stop: async () => {} };
const interrupted = () => void stage.stop().then(() => process.exit(1));
process.once('SIGINT', interrupted);
process.once('SIGTERM', interrupted);
try {
  console.log(`the visitors work for ${minutes} min; meanwhile: ${stage.origin}`);
  await sleep(minutes * 60_000);
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const shown = new Set((await (await fetch(`${stage.origin}/api/search`)).json()).map(({ uid }) => uid));
    for (const system of systems) {
      const { dashboards } = await readWatched(system);
      if (!dashboards.some(({ uid }) => shown.has(uid))) {
        console.error(`screenshots: ${system.name} is not on the stage; its pictures stay as they are`);
        process.exitCode = 1;
        continue;
      }
      const folder = path.join(root, 'systems', system.name, 'docs');
      mkdirSync(folder, { recursive: true });
      for (const { uid } of dashboards) {
        const { png, notes } = await bestPictureOf(browser, stage.origin, uid);
        const bytes = await quantised(png);
        const file = path.join(folder, `${uid}.png`);
        writeFileSync(file, bytes);
        const size = `${Math.round(bytes.length / 1000)} KB${bytes.length > BYTES_MAX ? ', more than it should be' : ''}`;
        const empty = notes.length === 0 ? '' : `; without data: ${notes.join(', ')}`;
        console.log(`${path.relative(root, file)}: ${size}${empty}`);
      }
    }
  } finally {
    await browser.close();
  }
} finally {
  await stage.stop();
}
