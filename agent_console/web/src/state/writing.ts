/** Writing knowledge articles: the draft that is being typed is kept in this browser until the server has it. */

import { computed, signal } from '@preact/signals'
import type { Article, ArticleDraft, ArticleVersion, KnowledgeRights } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { keep, kept } from './kept'
import { archived, article, hits, read, reading } from './knowledge'
import { Resource } from './resource'
import { me } from './store'
import type { ErrorKey } from './types'

/** The server writes all fields; a draft of this page has them all, too. */
export type Draft = Required<ArticleDraft>
export interface Writing {
  readonly articleId: string
  /** The person has not chosen the id; it follows the English title. */
  readonly freeId: boolean
  readonly draft: Draft
}

export const TEXTS = ['title_zh', 'body_zh', 'script_zh', 'title_en', 'body_en', 'script_en'] as const
export type TextField = (typeof TEXTS)[number]

export const rights = new Resource<KnowledgeRights>(() => rest.get('/api/knowledge/rights'))
export const mayWrite = computed(() => rights.value.value !== null
  && (rights.value.value.everywhere || rights.value.value.departments.length > 0))
export const writing = signal<Writing | null>(null)
export const saving = signal(false)
/** Why the draft was not stored; `taken`: a new article's id stands for another one. */
export const refused = signal<ErrorKey | 'taken' | null>(null)
/** What somebody else stored meanwhile. */
export const theirs = signal<Draft | null>(null)
export const versions = new Resource<readonly ArticleVersion[]>(() => {
  const wanted = reading.peek()
  return wanted === null ? Promise.resolve([]) : rest.get(`${at(wanted)}/versions`)
})
export const historyOpen = signal(false)

const at = (articleId: string) => `/api/knowledge/articles/${encodeURIComponent(articleId)}`
const key = () => `article.${me.peek()?.login ?? ''}`

/** Goes on with what was being written before a reload. */
export function resumeWriting(): void {
  if (writing.peek() !== null) return
  try {
    writing.value = JSON.parse(kept(key()) ?? 'null') as Writing | null
  } catch {
    writing.value = null
  }
}

export function writeNew(): void {
  const department = rights.value.peek()?.departments[0] ?? ''
  const articleId = `article-${Date.now().toString(36)}`
  put({
    articleId,
    freeId: true,
    draft: {
      department, version: 0, audience: 'everybody', topics: [],
      title_zh: '', title_en: '', body_zh: '', body_en: '', script_zh: '', script_en: '',
    },
  })
}

/** Opens the shown article for writing; an earlier version brings its texts back. */
export async function write(articleId: string, version: number | null = null): Promise<void> {
  const which = version === null ? '' : `?version=${version}`
  await attempt(async () => {
    put({ articleId, freeId: false, draft: await rest.get<Draft>(`${at(articleId)}/draft${which}`) })
  })
}

export function edit(changes: Partial<Draft>): void {
  const now = writing.peek()
  if (now === null) return
  const draft = { ...now.draft, ...changes }
  const slug = slugOf(draft.title_en)
  put({ ...now, draft, articleId: now.freeId && slug !== '' ? slug : now.articleId })
}

export function chooseId(articleId: string): void {
  const now = writing.peek()
  if (now !== null) put({ ...now, articleId, freeId: false })
}

/** Stores the draft as the article's next version. */
export async function save(): Promise<void> {
  const now = writing.peek()
  if (now === null || saving.peek()) return
  const stored = await attempt(() => rest.send<Article>('PUT', at(now.articleId), now.draft))
  if (stored === null) {
    if (refused.peek() === 'error.newer_article') await overtaken(now)
    return
  }
  put(null)
  show(now.articleId)
}

/** Goes on from what somebody else stored: with their words, or with one's own as the next version. */
export function settle(take: 'theirs' | 'mine'): void {
  const [now, other] = [writing.peek(), theirs.peek()]
  if (now === null || other === null) return
  put({ ...now, draft: take === 'theirs' ? other : { ...now.draft, version: other.version } })
}

export function cancel(): void {
  put(null)
}

export async function archive(articleId: string, version: number): Promise<void> {
  if (await attempt(async () => {
    await rest.send('DELETE', `${at(articleId)}?version=${version}`)
    return true
  })) show(articleId)
}

/** Shows a version of the article that is read. */
export async function readVersion(version: number): Promise<void> {
  const wanted = reading.peek()
  if (wanted === null) return
  const found = await attempt(() => rest.get<Article>(`${at(wanted)}?version=${version}`))
  if (found !== null && reading.peek() === wanted) article.value.value = found
}

export function toggleHistory(): void {
  historyOpen.value = !historyOpen.value
  versions.forget()
  if (historyOpen.value) void versions.refresh()
}

export function forgetWriting(): void {
  rights.forget()
  archived.value = false
  writing.value = null
  refused.value = null
  theirs.value = null
  historyOpen.value = false
}

export function slugOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64).replace(/-+$/, '')
}

function show(articleId: string): void {
  read(articleId)
  void hits.refresh()
  if (historyOpen.peek()) void versions.refresh()
  if (rights.value.peek()?.everywhere === true) void rights.refresh()
}

async function overtaken(mine: Writing): Promise<void> {
  if (mine.draft.version === 0) {
    refused.value = 'taken'
    return
  }
  const found = await attempt(() => rest.get<Draft>(`${at(mine.articleId)}/draft`))
  if (found === null) return
  theirs.value = found
  refused.value = 'error.newer_article'
}

function put(to: Writing | null): void {
  writing.value = to
  refused.value = null
  theirs.value = null
  keep(key(), to === null ? null : JSON.stringify(to))
}

async function attempt<T>(ask: () => Promise<T>): Promise<T | null> {
  saving.value = true
  refused.value = null
  try {
    return await ask()
  } catch (error) {
    refused.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
    return null
  } finally {
    saving.value = false
  }
}
