import { beforeEach, describe, expect, it } from 'vitest'
import { backoff, FIRST_MS, MOST_MS } from '../src/wire/backoff'
import { Line, type LineState, type SocketLike } from '../src/wire/line'
import type { Envelope, Resume } from '../src/wire/messages.gen'
import { Refused } from '../src/wire/rest'

class FakeSocket implements SocketLike {
  sent: unknown[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  send(text: string): void { this.sent.push(JSON.parse(text)) }
  close(): void { this.closed = true }
  say(envelope: unknown): void { this.onmessage?.({ data: JSON.stringify(envelope) }) }
}

const WELCOME = { seq: 0, message: { type: 'welcome', stream: 's', resumed: false, now: 0, heartbeat_s: 10 } }

let sockets: FakeSocket[]
let states: LineState[]
let envelopes: Envelope[]
let timers: Map<number, { run: () => void, ms: number }>
let tickets: (() => Promise<string>)[]
let signedOut: number
let resume: Resume | null
let line: Line

const settled = async () => { for (let n = 0; n < 5; n++) await Promise.resolve() }
const socket = () => sockets.at(-1)!
function fire(): number {
  const [id, timer] = [...timers].at(-1)!
  timers.delete(id)
  timer.run()
  return timer.ms
}
async function open(): Promise<void> {
  line.start()
  await settled()
  socket().onopen?.()
  socket().say(WELCOME)
}

beforeEach(() => {
  sockets = []
  states = []
  envelopes = []
  timers = new Map()
  tickets = []
  signedOut = 0
  resume = null
  let id = 0
  line = new Line(
    {
      ticket: () => (tickets.shift() ?? (() => Promise.resolve('ticket')))(),
      open: () => {
        sockets.push(new FakeSocket())
        return socket()
      },
      resume: () => resume,
      setTimer: (run, ms) => {
        timers.set(++id, { run, ms })
        return id
      },
      clearTimer: timer => { timers.delete(timer) },
      random: () => 0.5,
    },
    {
      state: state => { states.push(state) },
      envelope: envelope => { envelopes.push(envelope) },
      signedOut: () => { signedOut += 1 },
    },
  )
})

describe('the line', () => {
  it('greets with ticket and position, and opens with the welcome', async () => {
    resume = { stream: 's', seq: 7 }
    line.start()
    await settled()
    socket().onopen?.()
    expect(socket().sent).toEqual([{ type: 'hello', ticket: 'ticket', resume }])
    expect(states).toEqual(['connecting'])
    socket().say(WELCOME)
    expect(states).toEqual(['connecting', 'open'])
    expect(envelopes).toHaveLength(1)
  })

  it('comes back after a loss, with growing pauses and a fresh ticket', async () => {
    await open()
    const pauses: number[] = []
    for (let n = 0; n < 4; n++) {
      socket().onclose?.({ code: 1006 })
      expect(states.at(-1)).toBe('lost')
      tickets = [() => Promise.resolve(`ticket ${n}`)]
      pauses.push(fire())
      await settled()
      socket().onopen?.()
      expect(socket().sent).toEqual([{ type: 'hello', ticket: `ticket ${n}`, resume: null }])
    }
    expect(pauses).toEqual([300, 600, 1200, 2400])
    socket().say(WELCOME)
    socket().onclose?.({ code: 4408 })
    expect(fire()).toBe(300)
  })

  it('tries at once when hurried, and only if lost', async () => {
    await open()
    line.hurry()
    await settled()
    expect(sockets).toHaveLength(1)
    socket().onclose?.({ code: 1006 })
    line.hurry()
    await settled()
    expect(sockets).toHaveLength(2)
    expect(states.at(-1)).toBe('connecting')
  })

  it('pings, and gives up a server that does not answer', async () => {
    await open()
    expect(fire()).toBe(10_000)
    socket().say({ seq: 0, message: { type: 'pong', now: 1 } })
    fire()
    fire()
    expect(socket().sent.slice(1)).toEqual([{ type: 'ping' }, { type: 'ping' }, { type: 'ping' }])
    fire()
    expect(states.at(-1)).toBe('lost')
    expect(socket().closed).toBe(true)
  })

  it('gives up a server that never says welcome', async () => {
    line.start()
    await settled()
    socket().onopen?.()
    fire()
    expect(states.at(-1)).toBe('lost')
  })

  it('hears nothing more from a socket that it has left', async () => {
    await open()
    const old = socket()
    const heard = old.onmessage
    old.onclose?.({ code: 1006 })
    heard?.({ data: JSON.stringify(WELCOME) })
    expect(envelopes).toHaveLength(1)
  })

  it('stops when nobody is signed in any more', async () => {
    tickets = [() => Promise.reject(new Refused(401, 'error.signed_out'))]
    line.start()
    await settled()
    expect(signedOut).toBe(1)
    expect(states).toEqual(['connecting', 'stopped'])
    expect(timers.size).toBe(0)
  })

  it('keeps trying when the server is away', async () => {
    tickets = [() => Promise.reject(new TypeError('network'))]
    line.start()
    await settled()
    expect(states.at(-1)).toBe('lost')
    fire()
    await settled()
    expect(sockets).toHaveLength(1)
  })

  it('sends nothing unless it is open', async () => {
    expect(line.send({ type: 'ready', ref: 1 })).toBe(false)
    await open()
    expect(line.send({ type: 'ready', ref: 1 })).toBe(true)
    line.stop()
    expect(line.send({ type: 'ready', ref: 2 })).toBe(false)
    expect(timers.size).toBe(0)
  })

  it('forgets an attempt that was stopped while it waited for its ticket', async () => {
    line.start()
    line.stop()
    await settled()
    expect(sockets).toHaveLength(0)
  })
})

describe('the pause between attempts', () => {
  it('doubles, is capped and is spread', () => {
    expect(backoff(0, 0)).toBe(FIRST_MS / 2)
    expect(backoff(0, 0.999)).toBeLessThanOrEqual(FIRST_MS)
    expect(backoff(3, 0)).toBe(4 * FIRST_MS)
    expect(backoff(1000, 0.999)).toBeLessThanOrEqual(MOST_MS)
  })
})
