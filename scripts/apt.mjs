/** Installs the servers, and what the bench needs, on Debian and Ubuntu: programs only, no service is started or enabled. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { findBinary } from './binaries.mjs'
import { Problem, say, step } from './progress.mjs'

const asRoot = process.getuid?.() === 0

/**
 * What to install for each: of every line the first package that exists. Debian splits the bare server off, which has
 * no service and a fifth of the size; its script for a new database needs a program of the client's package.
 */
const packages = {
  mysql: ['mariadb-server-core mariadb-server', 'mariadb-client-core'],
  redis: ['redis-server valkey-server'],
  wrk: ['wrk'],
  faketime: ['libfaketime'],
}

/**
 * policy-rc.d is Debian's way to forbid the start of services while packages are installed. It is removed again,
 * also after Ctrl-C: the shell runs its trap when apt is done.
 */
const script = `
set -e
policy=/usr/sbin/policy-rc.d
trap 'exit 130' INT TERM HUP
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q || echo 'going on with the package lists that are here'
chosen=
for choice in "$@"; do
  for package in $choice; do
    if apt-cache show --no-all-versions $package >/dev/null 2>&1; then chosen="$chosen $package"; break; fi
  done
done
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 $chosen
case "$chosen " in
  *' redis-server '*) [ ! -d /run/systemd/system ] || systemctl --quiet disable redis-server || true ;;
esac
`

export function canInstall() {
  if (!findBinary(['apt-get'])) return false
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)) return false
  return asRoot || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
}

/**
 * @param {Pick<import('./running.mjs').Running, 'run'>} running
 * @param {readonly (keyof typeof packages)[]} missing
 */
export async function installPackages(running, missing) {
  const choices = missing.flatMap((name) => packages[name])
  const names = choices.map((choice) => choice.split(' ')[0]).join(', ')
  say(
    `- not on this machine: ${missing.join(', ')}. apt is going to install ${names} (--no-install forbids it)`,
  )
  await step(`installing ${names} with apt`, async () => {
    const shell = ['sh', '-c', script, 'sh', ...choices]
    const [command = '', ...args] = asRoot ? shell : ['sudo', '-n', ...shell]
    const { code, tail } = await running.run({ name: 'apt', command, args, output: 'capture' })
    if (code !== 0) throw new Problem(`apt could not install ${names}.\n${tail}`)
  })
}
