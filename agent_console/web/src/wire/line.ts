/**
 * The line to the server: one WebSocket that comes back by itself.
 *
 * Knows nothing of the page: what it needs (tickets, sockets, timers) is handed in, so that tests
 * drive it by hand.
 */

import { backoff } from './backoff'
import type { ClientMessage, Envelope, Resume } from './messages.gen'
import { Refused } from './rest'

export type LineState = 'connecting' | 'open' | 'lost' | 'stopped'

export interface SocketLike {
  send(text: string): void
  close(): void
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
}

export interface Deps {
  ticket(): Promise<string>
  open(): SocketLike
  resume(): Resume | null
  setTimer(run: () => void, ms: number): number
  clearTimer(timer: number): void
  random(): number
}

export interface Handlers {
  state(state: LineState): void
  envelope(envelope: Envelope): void
  signedOut(): void
}

const HELLO_ANSWER_MS = 8_000
/** A server that left so many pings unanswered is gone. */
const PINGS_UNANSWERED = 2

export class Line {
  private readonly deps: Deps
  private readonly handlers: Handlers
  private socket: SocketLike | null = null
  private timer: number | null = null
  private attempt = 0
  private generation = 0
  private unanswered = 0
  private current: LineState = 'stopped'

  constructor(deps: Deps, handlers: Handlers) {
    this.deps = deps
    this.handlers = handlers
  }

  start(): void {
    if (this.current === 'stopped') void this.connect()
  }

  stop(): void {
    this.drop()
    this.become('stopped')
  }

  /** Tries at once instead of waiting, for instance when the network is back. */
  hurry(): void {
    if (this.current === 'lost') {
      this.attempt = 0
      void this.connect()
    }
  }

  /** Returns whether the message left; nothing is kept for later. */
  send(message: ClientMessage): boolean {
    if (this.current !== 'open' || this.socket === null) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  private async connect(): Promise<void> {
    this.drop()
    const mine = ++this.generation
    this.become('connecting')
    let ticket: string
    try {
      ticket = await this.deps.ticket()
    } catch (error) {
      if (mine !== this.generation) return
      if (error instanceof Refused && error.status === 401) {
        this.stop()
        this.handlers.signedOut()
      } else {
        this.lost()
      }
      return
    }
    if (mine !== this.generation) return
    const socket = this.deps.open()
    this.socket = socket
    this.after(HELLO_ANSWER_MS, () => this.lost())
    socket.onopen = () => {
      const hello: ClientMessage = { type: 'hello', ticket, resume: this.deps.resume() }
      socket.send(JSON.stringify(hello))
    }
    socket.onmessage = event => {
      if (socket === this.socket && typeof event.data === 'string') {
        this.receive(JSON.parse(event.data) as Envelope)
      }
    }
    socket.onclose = () => {
      if (socket === this.socket) this.lost()
    }
  }

  private receive(envelope: Envelope): void {
    this.unanswered = 0
    if (envelope.message.type === 'welcome') {
      this.attempt = 0
      this.become('open')
      this.beat(envelope.message.heartbeat_s * 1000)
    }
    this.handlers.envelope(envelope)
  }

  private beat(ms: number): void {
    this.after(ms, () => {
      if (this.unanswered >= PINGS_UNANSWERED) {
        this.lost()
        return
      }
      this.unanswered += 1
      this.send({ type: 'ping' })
      this.beat(ms)
    })
  }

  private lost(): void {
    this.drop()
    this.become('lost')
    const wait = backoff(this.attempt, this.deps.random())
    this.attempt += 1
    this.after(wait, () => void this.connect())
  }

  private drop(): void {
    this.generation += 1
    this.unanswered = 0
    if (this.timer !== null) this.deps.clearTimer(this.timer)
    this.timer = null
    const socket = this.socket
    this.socket = null
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
    }
  }

  private after(ms: number, run: () => void): void {
    if (this.timer !== null) this.deps.clearTimer(this.timer)
    this.timer = this.deps.setTimer(run, ms)
  }

  private become(state: LineState): void {
    if (state === this.current) return
    this.current = state
    this.handlers.state(state)
  }
}
