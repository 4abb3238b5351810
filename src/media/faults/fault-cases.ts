import { FILE_FAULTS } from './file-faults.ts';
import { PICTURE_FAULTS } from './picture-faults.ts';
import { TIMING_FAULTS } from './timing-faults.ts';

/**
 * Every media defect that can be made on purpose, under the id of the rule that must find it. A case takes a sound
 * clip, a pattern or real footage, and says how to spoil it and how to make it look spoilt.
 */
export const FAULT_CASES = { ...TIMING_FAULTS, ...PICTURE_FAULTS, ...FILE_FAULTS } as const;

/** A rule whose defect can be made on purpose. */
export type FaultRule = keyof typeof FAULT_CASES;
