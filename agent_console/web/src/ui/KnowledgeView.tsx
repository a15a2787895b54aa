import { useEffect } from 'preact/hooks'
import { day, local, t } from '../i18n'
import { article, hits, look, read, reading, words } from '../state/knowledge'
import { live } from '../state/store'
import { now } from '../state/time'
import type { Article, ArticleHit } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { PanelBody } from './Panel'

/** The knowledge base: search on the left, the article on the right. */
export function KnowledgeView() {
  useEffect(() => {
    if (live.value) void hits.refresh()
  }, [live.value])
  const found = hits.value.value
  const shown = article.value.value
  return (
    <main class="groups" data-testid="knowledge">
      <section class="panel">
        <header class="panel-head">
          <h1>{t('nav.knowledge')}</h1>
          <div class="search-field knowledge-search">
            <Icon name="search" size={16} />
            <input type="search" data-key-target="knowledge" aria-label={t('knowledge.search')} placeholder={t('knowledge.search')} maxLength={200} value={words.value} onInput={event => look(event.currentTarget.value)} />
          </div>
        </header>
        <PanelBody label={t('knowledge.found')}>
          {found === null && (hits.problem.value === null ? <Reading /> : <Failure resource={hits} />)}
          {found?.length === 0 && <Nothing icon="search" title={t('knowledge.none')} hint={t('knowledge.none_hint')} />}
          {found !== null && <ul class="hits" data-testid="hits">{found.map(hit => <Hit key={hit.article_id} hit={hit} />)}</ul>}
        </PanelBody>
      </section>
      <section class="panel" aria-label={t('knowledge.article')}>
        <PanelBody label={t('knowledge.article')}>
          {reading.value === null && <Nothing icon="bulb" title={t('knowledge.choose')} />}
          {reading.value !== null && shown === null && (article.problem.value === null ? <Reading /> : <Failure resource={article} />)}
          {reading.value !== null && shown !== null && <Text article={shown} />}
        </PanelBody>
      </section>
    </main>
  )
}

function Hit({ hit }: { hit: ArticleHit }) {
  return (
    <li>
      <button type="button" aria-pressed={reading.value === hit.article_id} onClick={() => read(hit.article_id)}>
        <b>{local(hit.title)}</b>
        <span>{local(hit.snippet)}</span>
      </button>
    </li>
  )
}

function Text({ article: shown }: { article: Article }) {
  const script = local(shown.script)
  return (
    <article class="article" data-testid="article">
      <h2>{local(shown.title)}</h2>
      <p class="muted">{t('knowledge.changed', { department: shown.department, day: day(shown.changed_at, now.peek()), version: shown.version })}</p>
      {script !== '' && <div class="script"><span class="script-title">{t('offers.script')}</span><p>{script}</p></div>}
      <p class="article-body">{local(shown.body)}</p>
    </article>
  )
}
