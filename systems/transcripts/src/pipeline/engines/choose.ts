/**
 * Which engine there is: whisper.cpp where `WHISPER_MODEL` names a model and `whisper-cli` can be run, otherwise
 * pocketsphinx, otherwise none. What is chosen is said once.
 */
import { statSync } from 'node:fs';
import { type Environment, SettingsError } from '@binnacle/system-parts/settings';
import { isThere } from '../program.ts';
import type { Engine } from './engine.ts';
import { PocketSphinx } from './pocketsphinx.ts';
import { Whisper } from './whisper.ts';

/**
 * Chooses the engine; undefined where there is none.
 * @throws SettingsError where `WHISPER_MODEL` is no file, or `FORCE_GPU` is set and nothing can use a GPU
 */
export function chooseEngine(environment: Environment): Engine | undefined {
  const forceGpu = isForced(environment);
  const whisper = chooseWhisper(environment, forceGpu);
  if (whisper !== undefined) return whisper;
  if (forceGpu)
    throw new SettingsError('FORCE_GPU is true, for which WHISPER_MODEL and whisper-cli must be there');
  const program = environment.POCKETSPHINX_PATH || 'pocketsphinx_continuous';
  return isThere(program) ? new PocketSphinx(program) : undefined;
}

/** Whether transcribing without a GPU is refused. */
export function isForced({ FORCE_GPU = '' }: Environment): boolean {
  if (!['', '0', '1', 'true', 'false'].includes(FORCE_GPU))
    throw new SettingsError(`FORCE_GPU is ${JSON.stringify(FORCE_GPU)}; it must be true or false`);
  return FORCE_GPU === '1' || FORCE_GPU === 'true';
}

function chooseWhisper(environment: Environment, forceGpu: boolean): Engine | undefined {
  const model = environment.WHISPER_MODEL;
  if (!model) return undefined;
  if (statSync(model, { throwIfNoEntry: false })?.isFile() !== true)
    throw new SettingsError(`WHISPER_MODEL is ${JSON.stringify(model)}; it must be a file of a model`);
  const program = environment.WHISPER_PATH || 'whisper-cli';
  if (!isThere(program)) return undefined;
  return new Whisper({ program, model, language: environment.WHISPER_LANGUAGE || 'auto', forceGpu });
}
