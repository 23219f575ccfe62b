/** What a worker would need and this machine has not. */
import type { Environment } from '@binnacle/system-parts/settings';
import { chooseEngine } from '../pipeline/engines/choose.ts';
import { hasGpuTool, isThere } from '../pipeline/program.ts';
import { workerSettings } from './settings.ts';

/**
 * In words, each with what follows from it; empty where nothing is missing.
 * @throws SettingsError for a value that cannot be
 */
export function missing(environment: Environment): string[] {
  const found: string[] = [];
  const engine = chooseEngine(environment);
  if (environment.WHISPER_MODEL && engine?.backend !== 'whisper-cli')
    found.push('whisper-cli is not installed; WHISPER_MODEL is of no use');
  if (engine === undefined)
    found.push('neither whisper-cli with WHISPER_MODEL nor pocketsphinx is there; every video fails');
  if (!isThere(workerSettings(environment).ffmpeg)) found.push('ffmpeg is not installed; every video fails');
  if (!hasGpuTool()) found.push('neither nvidia-smi nor rocm-smi is there; no GPU is reported');
  return found;
}
