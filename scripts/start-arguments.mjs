// What follows `npm start --`, read before anything is installed or built: `npm start -- bricklayers`,
// `npm start -- --list`, `npm start -- --help`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SYSTEMS = fileURLToPath(new URL('../systems', import.meta.url));
const WRONG_ARGUMENTS = 2;
const USAGE = `npm start                     all reference systems with their visitors, under one monitor
npm start -- SYSTEM...        only these
npm start -- --list           which there are
npm start -- --help           this

BINNACLE_PORT      the monitor's port, else 9700
BINNACLE_STAGE_DIR where everything is kept, else .binnacle`;

/** The reference systems: folders of `systems/` that say what is watched of them. */
export const known = readdirSync(SYSTEMS)
  .filter((name) => existsSync(path.join(SYSTEMS, name, 'binnacle.config.ts')))
  .sort();

/** Answers what is a question; ends with code 2 where an argument is no system. */
export function readArguments() {
  const { values, positionals } = parsed();
  if (values.help) end(USAGE);
  if (values.list) end(listed());
  for (const name of positionals) if (!known.includes(name)) refuse(unknownSystem(name));
}

function parsed() {
  try {
    return parseArgs({
      options: { list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    // The rest of what Node says is about arguments that begin with a dash, and none does here.
    return refuse(`start: ${error.message.split('. ')[0]}\n\n${USAGE}`);
  }
}

/** Each system with what its package says of it. */
function listed() {
  const width = Math.max(...known.map((name) => name.length));
  return known
    .map((name) => {
      const { description } = JSON.parse(readFileSync(path.join(SYSTEMS, name, 'package.json'), 'utf8'));
      return `${name.padEnd(width)}  ${description.replace(/^Reference system: /, '')}`;
    })
    .join('\n');
}

function unknownSystem(name) {
  const meant = nearest(name);
  const question = meant === undefined ? '' : ` Did you mean ${meant}?\n\n    npm start -- ${meant}\n\n`;
  return `start: there is no system "${name}".${question || ' '}There are ${known.join(', ')}.`;
}

/** The one system whose name begins with the word, or else the one with the fewest letters changed. */
function nearest(word) {
  const typed = word.toLowerCase();
  const begun = known.filter((name) => typed !== '' && name.startsWith(typed));
  if (begun.length === 1) return begun[0];
  const [best] = known
    .map((name) => ({ name, changes: changes(typed, name) }))
    .sort((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= best.name.length / 3 ? best.name : undefined;
}

/** Levenshtein's distance, a row at a time; there are no packages yet that could tell it. */
function changes(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[to.length];
}

function end(text) {
  console.log(text);
  process.exit(0);
}

function refuse(text) {
  console.error(text);
  process.exit(WRONG_ARGUMENTS);
}
