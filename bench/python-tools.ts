import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Commands of Python tools that look at media, null for those that cannot be had here. */
export type PythonTools = {
  readonly scenedetect: ((clip: string) => readonly string[]) | null;
  readonly cleanvision: ((image: string) => readonly string[]) | null;
  /** Why a tool is missing, for people. */
  readonly skipped: readonly string[];
};

/** Versions that figures were made with. */
const PACKAGES = ['scenedetect[opencv-headless]==0.6.7', 'cleanvision==0.3.6'];
/** Both take some 150 MB, which a slow index hands out in minutes. */
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * Installs PySceneDetect and cleanvision into a virtual environment in the temporary folder, once; without Python or a
 * package index they are left out. `DAILIES_BENCH_PYTHON=no` leaves them out at once.
 */
export async function pythonTools(): Promise<PythonTools> {
  if (process.env['DAILIES_BENCH_PYTHON'] === 'no') return none('DAILIES_BENCH_PYTHON=no');
  const folder = join(tmpdir(), 'dailies-bench-python');
  const python = join(folder, 'bin/python');
  if (!existsSync(python) && spawnSync('python3', ['-m', 'venv', folder]).status !== 0)
    return none('no python3 with venv');
  const skipped: string[] = [];
  const has = (module: string, requirement: string): boolean => {
    if (spawnSync(python, ['-c', `import ${module}`]).status === 0) return true;
    console.log(`installing ${requirement} into ${folder}…`);
    const args = [
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      '--prefer-binary',
      requirement,
    ];
    const isThere =
      spawnSync(python, args, { timeout: INSTALL_TIMEOUT_MS }).status === 0 &&
      spawnSync(python, ['-c', `import ${module}`]).status === 0;
    if (!isThere) skipped.push(`${requirement} is left out: it cannot be installed here`);
    return isThere;
  };
  const [scenes = '', vision = ''] = PACKAGES;
  const hasScenes = has('scenedetect', scenes);
  const hasVision = has('cleanvision', vision);
  return {
    scenedetect: hasScenes
      ? (clip) => [python, '-m', 'scenedetect', '-q', '-i', clip, 'detect-content']
      : null,
    cleanvision: hasVision
      ? (image) => [
          python,
          '-c',
          'import sys; from cleanvision import Imagelab; Imagelab(filepaths=[sys.argv[1]]).find_issues(n_jobs=1, verbose=False)',
          image,
        ]
      : null,
    skipped,
  };
}

function none(why: string): PythonTools {
  const skipped = [`PySceneDetect and cleanvision are left out: ${why}`];
  return { scenedetect: null, cleanvision: null, skipped };
}
