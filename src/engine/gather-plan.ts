import type { MediaHolder } from '../dataset/embedded/held-media.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { Engine } from './engine.ts';
import type { ObjectLog } from './object-log.ts';
import type { SilentStores } from './silent-stores.ts';
import type { ProbeTask } from './task.ts';

/** Where media lie, how they are reached and who looks at them. */
export type GatherPlan = {
  readonly mediaRoot: string;
  /** Media that lie in columns; null or none: all are files. */
  readonly held?: MediaHolder | null;
  readonly access: StoreAccess;
  /** Columns of `sampled_clips` that name media. */
  readonly mediaColumns: readonly string[];
  readonly decoder: ProbeTask['decoder'];
  readonly engine: Engine;
  readonly cacheFolder: string;
  readonly runId: string;
  readonly objects: ObjectLog;
  readonly silent: SilentStores;
};
