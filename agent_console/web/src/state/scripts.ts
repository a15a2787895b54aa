/** What the knowledge base says for the topic of a call. */

import { useEffect, useState } from 'preact/hooks'
import type { TopicScript } from '../wire/messages.gen'
import { get } from '../wire/rest'

/** What stands below waits so long, and then comes without them; nothing is pushed down otherwise. */
const PATIENCE_MS = 300
const NONE: readonly TopicScript[] = []
/** What was found last; shown at once, and asked for anew with each call. */
const known = new Map<string, readonly TopicScript[]>()

/** The scripts of a topic, or `null` while they may still come in time. */
export function useScripts(topic: string): readonly TopicScript[] | null {
  const [found, setFound] = useState<readonly TopicScript[] | null>(known.get(topic) ?? (topic === '' ? NONE : null))
  useEffect(() => {
    if (topic === '') {
      setFound(NONE)
      return undefined
    }
    let wanted = true
    setFound(known.get(topic) ?? null)
    // A comfort: without it the call goes on.
    const without = () => { if (wanted) setFound(before => before ?? NONE) }
    const timer = window.setTimeout(without, PATIENCE_MS)
    void get<readonly TopicScript[]>(`/api/knowledge/scripts?topic=${encodeURIComponent(topic)}`)
      .then(scripts => {
        known.set(topic, scripts)
        if (wanted) setFound(scripts)
      }, without)
    return () => {
      wanted = false
      window.clearTimeout(timer)
    }
  }, [topic])
  return found
}

/** Another person may read others. */
export function forgetScripts(): void {
  known.clear()
}
