import type { RegionReport } from './region.ts';
export function html(_regions: readonly RegionReport[], _o: { title: string; made: number }): string {
  return '';
}
