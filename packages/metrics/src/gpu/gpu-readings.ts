/**
 * What `nvidia-smi` and `rocm-smi` print, as numbers in base units.
 *
 *     0, GPU-5f2c…, NVIDIA A100-SXM4-80GB, 1024, 81920, 37, 41, 68.21         nvidia-smi, a line for each device
 *     {"card0": {"VRAM Total Memory (B)": "17163091968", …}, "system": {…}}   rocm-smi, all values text
 *
 * A value that a device does not tell stands there as `[N/A]`, `[Not Supported]`, `[Insufficient Permissions]`, `N/A` or
 * the like, one by one: with MIG the load, in a container with a slice of a device its memory. It is undefined here, and
 * the others are there.
 */

/** What is known of a device; what it does not tell is undefined. */
export interface GpuReading {
  /** The number that the tool gives it: `0`. */
  readonly device: string;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  /** From 0 to 1. */
  readonly utilization: number | undefined;
  readonly celsius: number | undefined;
  readonly watts: number | undefined;
}

/** The tools that there are. */
export const GPU_TOOLS = ['nvidia-smi', 'rocm-smi'] as const;

/** One of {@link GPU_TOOLS}. */
export type GpuTool = (typeof GPU_TOOLS)[number];

/** What each tool is called with. */
export const GPU_ARGUMENTS: Readonly<Record<GpuTool, readonly string[]>> = {
  'nvidia-smi': [
    '--query-gpu=index,uuid,name,memory.used,memory.total,utilization.gpu,temperature.gpu,power.draw',
    '--format=csv,noheader,nounits',
  ],
  'rocm-smi': ['--showmeminfo', 'vram', '--showuse', '--showtemp', '--showpower', '--json'],
};

/** Reads what a tool has printed; undefined where that is nothing that it prints of devices. */
export function parseGpus(tool: GpuTool, text: string): GpuReading[] | undefined {
  return tool === 'nvidia-smi' ? parseNvidia(text) : parseRocm(text);
}

const MEBIBYTE = 2 ** 20;

/** Without `nounits`, as older ones take it, they stand behind the number. */
const NUMBER = /^(-?\d+(?:\.\d+)?)(?: *(?:MiB|%|C|W))?$/;

function parseNvidia(text: string): GpuReading[] | undefined {
  const found: GpuReading[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(',').map((field) => field.trim());
    const [device] = fields;
    // A name may have commas; what stands behind it is counted from the end.
    if (device === undefined || !/^\d+$/.test(device) || fields.length < 8) continue;
    const [used, total, load, heat, power] = fields.slice(-5).map(number);
    found.push({
      device,
      memoryUsedBytes: used === undefined ? undefined : used * MEBIBYTE,
      memoryTotalBytes: total === undefined ? undefined : total * MEBIBYTE,
      utilization: load === undefined ? undefined : load / 100,
      celsius: heat,
      watts: power,
    });
  }
  return found.length > 0 ? found : undefined;
}

function number(text: string | undefined): number | undefined {
  const digits = NUMBER.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The hottest point is what a device slows down by; small ones have the edge alone. */
const HEAT = ['Temperature (Sensor junction) (C)', 'Temperature (Sensor edge) (C)'];

/** ROCm 6 and the Instinct 300 series name it by the socket. */
const POWER = ['Average Graphics Package Power (W)', 'Current Socket Graphics Package Power (W)'];

function parseRocm(text: string): GpuReading[] | undefined {
  // Warnings stand in front of it, in lines of their own.
  const start = text.search(/^\s*\{/m);
  let printed: unknown;
  try {
    printed = JSON.parse(text.slice(start, text.lastIndexOf('}') + 1));
  } catch {
    return undefined;
  }
  if (typeof printed !== 'object' || printed === null) return undefined;
  const found: GpuReading[] = [];
  for (const [card, fields] of Object.entries(printed) as [string, unknown][]) {
    const device = /^card(\d+)$/.exec(card)?.[1];
    if (device === undefined || typeof fields !== 'object' || fields === null) continue;
    const told = new Map<string, unknown>(Object.entries(fields));
    const first = (keys: readonly string[]) => {
      for (const key of keys) {
        const value = told.get(key);
        const read = typeof value === 'number' ? value : number(typeof value === 'string' ? value : '');
        if (read !== undefined) return read;
      }
      return undefined;
    };
    const load = first(['GPU use (%)']);
    found.push({
      device,
      memoryUsedBytes: first(['VRAM Total Used Memory (B)']),
      memoryTotalBytes: first(['VRAM Total Memory (B)']),
      utilization: load === undefined ? undefined : load / 100,
      celsius: first(HEAT),
      watts: first(POWER),
    });
  }
  return found.length > 0 ? found : undefined;
}
