#!/usr/bin/env node
/** The command `binnacle`: reads the command line, runs the command, and ends the process in good order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { ConfigError, explainProblem } from '../config/config-error.ts';
import { HELP, parseCommand } from './arguments.ts';
import { check } from './check.ts';
import { runExporter } from './exporter.ts';
import { notifyTest } from './notify.ts';
import { UsageError } from './options.ts';
import { route } from './route.ts';
import { runSilence } from './silence.ts';
import { runTests } from './test.ts';
import { watchAndRun } from './test-watch.ts';
import { type Monitor, ownVersion, startMonitor, type UpOptions } from './up.ts';

/**
 * How long stopping may take before the process ends regardless; what is in the log is safe either way. Messages that
 * are under way have five seconds of it, alerts that an Alertmanager takes ten.
 */
const STOP_MS_MAX = 20_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_LINT = 3;

function say(message: string): void {
  process.stdout.write(`${message}\n`);
}

function complain(message: string): void {
  process.stderr.write(`binnacle: ${message}\n`);
}

async function run(args: readonly string[]): Promise<void> {
  const command = await parseCommand(args, process.env);
  switch (command.name) {
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'version':
      say(ownVersion());
      return;
    case 'check': {
      const isColored = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
      const io = { cwd: process.cwd(), fetch, now: Date.now, say, complain, isColored };
      const { runCheck } = await import('./check/check-command.ts');
      process.exitCode = await runCheck(command.options, io);
      endNow();
      return;
    }
    case 'generate': {
      const { runGenerate } = await import('./generate.ts');
      const { loadProject } = await import('./project/load-project.ts');
      process.exitCode = await runGenerate(command.options, { loadProject, say, complain });
      endNow();
      return;
    }
    case 'catalog': {
      const { runCatalog } = await import('./catalog.ts');
      process.exitCode = await runCatalog(command.options, { fetch, say, complain });
      endNow();
      return;
    }
    case 'init': {
      const { runInit } = await import('./init.ts');
      process.exitCode = await runInit(command.options, { cwd: process.cwd(), fetch, say, complain });
      return;
    }
    case 'import': {
      const { runImport } = await import('./import.ts');
      const print = (text: string) => process.stdout.write(text);
      process.exitCode = await runImport(command.options, { print, complain });
      return;
    }
    case 'slo': {
      const { runSlo } = await import('./slo.ts');
      const { loadProject } = await import('./project/load-project.ts');
      process.exitCode = await runSlo(command.options, { fetch, loadProject, now: Date.now, say, complain });
      return;
    }
    case 'check files': {
      const report = await check(command.what, command.files, command.rules);
      for (const line of report.valid) say(line);
      for (const line of report.warnings) process.stderr.write(`warning: ${line}\n`);
      for (const line of report.problems) process.stderr.write(`${line}\n`);
      if (report.hasFatalLint) process.exitCode = EXIT_LINT;
      if (report.problems.length > 0) process.exitCode = EXIT_FAILED;
      return;
    }
    case 'route': {
      const report = await route(command.options, Date.now());
      process.stdout.write(report.text);
      if (report.problem === undefined) return;
      complain(report.problem);
      process.exitCode = EXIT_FAILED;
      return;
    }
    case 'test': {
      const output = {
        out: (text: string) => process.stdout.write(text),
        err: (text: string) => process.stderr.write(text),
      };
      const isColored = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
      if (!command.options.watch) {
        if (!(await runTests(command.options, output, isColored))) process.exitCode = EXIT_FAILED;
        endNow();
        return;
      }
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const runAgain = async (changed: string | undefined): Promise<void> => {
        if (changed !== undefined) say(`\n${changed} has changed`);
        // A process of its own: of what it has loaded Node keeps one copy, whatever becomes of the file.
        const again = [process.argv[1]!, ...args.filter((arg) => arg !== '--watch')];
        await once(spawn(process.execPath, again, { stdio: 'inherit' }), 'exit');
      };
      await watchAndRun(process.cwd(), runAgain, stop.signal);
      return;
    }
    case 'silence':
      process.exitCode = await runSilence(command.options, { fetch, now: Date.now, say, complain });
      return;
    case 'notify test':
      if (!(await notifyTest(command.options, say))) process.exitCode = EXIT_FAILED;
      return;
    case 'exporter':
      await runExporter(command.options, say);
      return;
    case 'up': {
      const { options, project } = command;
      if (project === undefined) return up(options);
      const { projectUpOptions } = await import('./project/up-options.ts');
      await up(await projectUpOptions(options, project, complain));
    }
  }
}

/**
 * Ends the process when all is written. For commands that have imported a project's modules: what those have started, a
 * timer or a server, would keep it alive forever.
 */
function endNow(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

async function up(options: UpOptions): Promise<void> {
  let monitor: Monitor | undefined;
  let stopping = false;
  const stop = (): void => {
    // The second signal means: now.
    if (stopping) process.exit(EXIT_FAILED);
    stopping = true;
    setTimeout(() => {
      complain(`stopping took longer than ${STOP_MS_MAX / 1000} s; ending now`);
      process.exit(EXIT_FAILED);
    }, STOP_MS_MAX).unref();
    // A start that is under way ends below, when it is through.
    if (monitor !== undefined) void finish(monitor);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Whoever started us with a channel and is gone has left nobody who could stop us.
  process.on('disconnect', stop);
  process.on('SIGHUP', () => {
    // A terminal that is closed says so, and that ends us; everybody else wants the configuration to be read again.
    if (process.stdout.isTTY && !isatty(process.stdout.fd)) {
      process.removeAllListeners('SIGHUP');
      process.kill(process.pid, 'SIGHUP');
    } else if (monitor !== undefined && !stopping) void reload(monitor);
  });

  monitor = await startMonitor(options, complain);
  if (stopping) {
    await finish(monitor);
    return;
  }
  say(`binnacle: listening on ${monitor.url}`);
  say(`binnacle: keeps ${monitor.bounds}, in ${options.dataDir}`);
  // Whoever started us with a channel need not read our words.
  process.send?.({ type: 'listening', url: monitor.url });
  await monitor.failed.catch((error: unknown) => {
    if (stopping) return;
    complain(`storage has ended, and the monitor with it: ${messageOf(error)}`);
    process.exit(EXIT_FAILED);
  });
}

async function reload(monitor: Monitor): Promise<void> {
  try {
    await monitor.reload();
    say('binnacle: the configuration was read again');
  } catch (error) {
    complain(`the configuration cannot be read again, and the one before stays in force: ${wordsOf(error)}`);
  }
}

async function finish(monitor: Monitor): Promise<void> {
  try {
    await monitor.close();
    process.exit(0);
  } catch (error) {
    complain(`stopping failed: ${messageOf(error)}`);
    process.exit(EXIT_FAILED);
  }
}

/** What was wrong; what is nobody's mistake comes with its stack. */
function wordsOf(error: unknown): string {
  if (error instanceof ConfigError) return error.problems.map(explainProblem).join('\n');
  return error instanceof Error && 'code' in error ? error.message : String((error as Error)?.stack ?? error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Whoever reads our words may have read enough, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? process.exitCode : EXIT_FAILED);
});

run(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    // What has a cause of its own is no mistake in the command line.
    complain(
      error.cause === undefined ? `${error.message}\n\nbinnacle --help says what there is` : error.message,
    );
    process.exit(EXIT_USAGE);
  }
  if (error instanceof ConfigError) process.stderr.write(`${wordsOf(error)}\n`);
  else complain(wordsOf(error));
  process.exit(EXIT_FAILED);
});
