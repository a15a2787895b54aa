/** Something that the server is asked for: its newest value, and how the last asking went. */

import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ErrorKey } from './types'
import { Refused } from '../wire/rest'
import { live, visible } from './store'

export class Resource<T> {
  readonly value = signal<T | null>(null)
  /** Key of what went wrong the last time. */
  readonly problem = signal<ErrorKey | null>(null)
  private readonly ask: () => Promise<T>
  private asked = 0

  constructor(ask: () => Promise<T>) {
    this.ask = ask
  }

  async refresh(): Promise<void> {
    const mine = ++this.asked
    try {
      const found = await this.ask()
      if (mine !== this.asked) return
      this.value.value = found
      this.problem.value = null
    } catch (error) {
      if (mine === this.asked) this.problem.value = error instanceof Refused ? error.textKey : 'error.offline'
    }
  }

  forget(): void {
    this.asked += 1
    this.value.value = null
    this.problem.value = null
  }
}

/** Keeps a resource fresh while the component is on the screen and somebody can see it. */
export function useFresh(resource: Resource<unknown>, everyMs: number): void {
  const seen = live.value && visible.value
  useEffect(() => {
    if (!seen) return undefined
    void resource.refresh()
    const timer = window.setInterval(() => void resource.refresh(), everyMs)
    return () => window.clearInterval(timer)
  }, [resource, seen, everyMs])
}
