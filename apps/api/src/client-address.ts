/** Whose request it is, as far as an address tells. */
import { isIP, isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { headerOf } from './incoming.ts'

/** Each proxy on the way adds to X-Forwarded-For whom it heard: only what the trusted ones added is believed. */
export function clientAddress(c: Context, trustedHops: number): string {
  const socket = getConnInfo(c).remote.address ?? ''
  if (trustedHops === 0) return networkOf(socket)
  const told = headerOf(c, 'x-forwarded-for')?.split(',') ?? []
  const way = [...told.map((address) => address.trim()), socket]
  const address = way[Math.max(way.length - 1 - trustedHops, 0)] ?? ''
  return networkOf(isIP(address) === 0 ? socket : address)
}

/** A client of IPv6 has a whole /64 to itself, and could draw a new address for each request. */
function networkOf(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
  if (!isIPv6(v4)) return v4
  const [head = '', tail] = v4.toLowerCase().split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail ? tail.split(':') : []
  const gap = Array<string>(Math.max(8 - first.length - last.length, 0)).fill('0')
  const groups = [...first, ...gap, ...last].slice(0, 4)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}
