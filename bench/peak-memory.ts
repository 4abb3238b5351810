import { readFile } from 'node:fs/promises';

/** Largest resident size of this process so far, by the kernel's count on Linux. */
export async function peakMemory_bytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? process.resourceUsage().maxRSS * 1024 : Number(kilobytes) * 1024;
}
