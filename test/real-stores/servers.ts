import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { PACKAGE_ROOT } from '../../src/package-root.ts';

/** Where the packages are unpacked, and kept between runs. */
export function installServers(): string {
  const prefix =
    process.env['DAILIES_SERVERS'] ?? join(homedir(), '.cache', 'dailies', 'debian-servers');
  execFileSync(join(PACKAGE_ROOT, 'test/real-stores/install.sh'), [prefix], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return prefix;
}

export type RunningServer = { readonly origin: string; readonly stop: () => Promise<void> };

/** Ports of loopback that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

async function untilAnswering(origin: string, log: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(origin).catch(() => null);
    if (answer !== null) {
      await answer.arrayBuffer();
      return;
    }
    await sleep(200);
  }
  throw new Error(`${origin} does not answer: ${await readFile(log, 'utf8')}`);
}

async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(timer);
    }),
  );
}

function libraries(prefix: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LD_LIBRARY_PATH: ['x86_64-linux-gnu', 'aarch64-linux-gnu', '']
      .map((each) => join(prefix, 'usr/lib', each))
      .join(':'),
    PYTHONPATH: join(prefix, 'usr/lib/python3/dist-packages'),
  };
}

function program(prefix: string, name: string): string {
  const own = join(prefix, name);
  return existsSync(own) ? own : join('/', name);
}

/** nginx in the foreground, with the given locations; `folder` gets its files. */
export async function startNginx(
  prefix: string,
  folder: string,
  locations: string,
): Promise<RunningServer> {
  const [port = 0] = await freePorts(1);
  await mkdir(join(folder, 'temp'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, 'temp', name)};`)
    .join('\n');
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')};
     error_log ${join(folder, 'error.log')};
     events {}
     http { access_log ${join(folder, 'access.log')} combined; ${temporary} default_type application/octet-stream;
       server { listen 127.0.0.1:${port}; ${locations} } }`,
  );
  const child = spawn(
    program(prefix, 'usr/sbin/nginx'),
    ['-p', folder, '-c', join(folder, 'nginx.conf')],
    { env: libraries(prefix), stdio: 'ignore' },
  );
  const origin = `http://127.0.0.1:${port}`;
  await untilAnswering(origin, join(folder, 'error.log'));
  return { origin, stop: () => stopAll([child]) };
}

/** What Swift's test account is called, and its secret. */
export const SWIFT_USER = { accessKeyId: 'test:tester', secretAccessKey: 'testing' } as const;

/** Its folder is compiled in: this sets another one before the program begins. */
const LAUNCHER = `import runpy, sys
from swift.common import utils
utils.set_swift_dir(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
`;

/** OpenStack Swift with its S3 interface: one disk, which is a folder, four processes and memcached. */
export async function startSwift(prefix: string, folder: string): Promise<RunningServer> {
  const [object = 0, container = 0, account = 0, proxy = 0, cache = 0] = await freePorts(5);
  const etc = join(folder, 'etc');
  await mkdir(etc, { recursive: true });
  await mkdir(join(folder, 'disks', 'd1'), { recursive: true });
  const common = `bind_ip = 127.0.0.1\nworkers = 0\nswift_dir = ${etc}\nuser = ${process.env['USER'] ?? 'root'}\n`;
  const files: Record<string, string> = {
    'launch.py': LAUNCHER,
    'swift.conf': '[swift-hash]\nswift_hash_path_suffix = dailies\nswift_hash_path_prefix = test\n',
    'proxy-server.conf': `[DEFAULT]\nbind_port = ${proxy}\n${common}
[pipeline:main]\npipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nconn_timeout = 10\nnode_timeout = 60\nerror_suppression_limit = 1000
[filter:catch_errors]\nuse = egg:swift#catch_errors
[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:${cache}
[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1
[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\n`,
  };
  const parts = { object, container, account };
  for (const [name, port] of Object.entries(parts))
    files[`${name}-server.conf`] =
      `[DEFAULT]\nbind_port = ${port}\ndevices = ${join(folder, 'disks')}\nmount_check = false\n${common}
[pipeline:main]\npipeline = ${name}-server\n[app:${name}-server]\nuse = egg:swift#${name}\n`;
  for (const [name, text] of Object.entries(files)) await writeFile(join(etc, name), text);
  const python = '/usr/bin/python3';
  const env = libraries(prefix);
  const ring = program(prefix, 'usr/bin/swift-ring-builder');
  for (const [name, port] of Object.entries(parts))
    for (const step of [
      ['create', '2', '1', '0'],
      ['add', `r1z1-127.0.0.1:${port}/d1`, '1'],
      ['rebalance'],
    ])
      execFileSync(python, [ring, `${name}.builder`, ...step], { cwd: etc, env, stdio: 'ignore' });
  const memcached = spawn(
    program(prefix, 'usr/bin/memcached'),
    ['-l', '127.0.0.1', '-p', String(cache), '-U', '0', '-u', process.env['USER'] ?? 'root'],
    { env, stdio: 'ignore' },
  );
  const children = [...Object.keys(parts), 'proxy'].map((name) =>
    spawn(
      python,
      [
        join(etc, 'launch.py'),
        etc,
        program(prefix, `usr/bin/swift-${name}-server`),
        join(etc, `${name}-server.conf`),
      ],
      { env, stdio: 'ignore' },
    ),
  );
  const origin = `http://127.0.0.1:${proxy}`;
  // The proxy gives up for a minute on a server that it once found closed.
  for (const port of [object, container, account, proxy])
    await untilAnswering(`http://127.0.0.1:${port}`, join(etc, 'swift.conf'));
  return { origin, stop: () => stopAll([...children, memcached]) };
}
