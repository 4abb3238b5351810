export { type Config, DEFAULT_CONFIG } from './config/config.ts';
export { loadConfig } from './config/load-config.ts';
export { DailiesError, type FailureCode } from './dailies-error.ts';
export type { Rule, Severity } from './judge/rule.ts';
export { type Progress, type ProgressStage, SILENT } from './progress.ts';
export type { Finding, ReportInput, RuleOutcome, RunDocument } from './run/document.ts';
export type { ScanContext, ScanRequest, ScanResult } from './audit/scan-request.ts';
export { scan } from './scan.ts';
