import { Audit } from './audit/audit.ts';
import type { ScanContext, ScanRequest, ScanResult } from './audit/scan-request.ts';
import { DailiesError } from './dailies-error.ts';
import { foreseenFailure } from './foreseen-failure.ts';
import { SILENT } from './progress.ts';

/**
 * Audits one dataset: opens it, draws a sample, looks at its media, judges every rule and writes the run folder.
 *
 * @throws {DailiesError} config, dataset, usage or engine: nothing was judged; interrupted: the run folder is marked so,
 * and the evidence gathered by then is kept for the next run.
 */
export async function scan(
  request: ScanRequest,
  context: ScanContext = { signal: new AbortController().signal, progress: SILENT },
): Promise<ScanResult> {
  const audit = await Audit.begin(request, context).catch((cause: unknown) => {
    throw foreseenFailure(cause);
  });
  try {
    await audit.open();
    await audit.readManifest();
    await audit.lookAtMedia();
    await audit.analyse();
    await audit.judge();
    await audit.makePictures();
    return await audit.finish();
  } catch (cause) {
    if (!context.signal.aborted) throw foreseenFailure(cause);
    await audit.markInterrupted();
    throw new DailiesError('interrupted', `interrupted; ${audit.runFolder} is marked so`, {
      cause,
      hint: 'evidence gathered so far is kept: the same command goes on from there',
    });
  } finally {
    await audit.close();
  }
}
