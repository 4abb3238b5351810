import type { StdoutFormat } from '../config/config.ts';
import type { StoreFlags } from './store-flags.ts';

/** Flags of `dailies report`. */
export type ReportFlags = StoreFlags & {
  readonly format: StdoutFormat | 'none';
  readonly output: readonly string[];
  readonly open?: boolean;
  readonly color: boolean;
};

/** Flags of `dailies serve`. */
export type ServeFlags = StoreFlags & {
  readonly against?: string;
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
};

/** Flags of `dailies rules`. */
export type RulesFlags = {
  readonly rules: readonly string[];
  readonly format: 'text' | 'json' | 'markdown';
};

/** Flags of `dailies init`. */
export type InitFlags = StoreFlags & {
  readonly mediaRoot?: string;
  readonly force?: boolean;
};

/** Flags of `dailies worker`. */
export type WorkerFlags = { readonly workers?: number };
