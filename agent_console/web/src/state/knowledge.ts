/** The knowledge base: what is searched, and the article that is read. */

import { signal } from '@preact/signals'
import type { Article, ArticleHit } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { Resource } from './resource'

export const words = signal('')
/** Whether what was archived is searched; only who may write has it. */
export const archived = signal(false)
export const reading = signal<string | null>(null)

export const hits = new Resource<readonly ArticleHit[]>(() =>
  rest.get(`/api/knowledge?limit=30${archived.peek() ? '&which=archived' : ''}&q=${encodeURIComponent(words.peek().trim())}`))
export const article = new Resource<Article | null>(async () => {
  const wanted = reading.peek()
  return wanted === null ? null : rest.get<Article>(`/api/knowledge/articles/${encodeURIComponent(wanted)}`)
})

let timer = 0
const PAUSE_MS = 250

/** Searches once there is a pause in the typing. */
export function look(forWords: string): void {
  words.value = forWords
  window.clearTimeout(timer)
  timer = window.setTimeout(() => void hits.refresh(), PAUSE_MS)
}

export function lookIn(theArchive: boolean): void {
  archived.value = theArchive
  hits.forget()
  void hits.refresh()
}

export function read(articleId: string): void {
  reading.value = articleId
  article.forget()
  void article.refresh()
}
