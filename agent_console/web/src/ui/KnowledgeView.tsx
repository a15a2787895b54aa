import { useEffect } from 'preact/hooks'
import { local, t } from '../i18n'
import { archived, article, hits, look, lookIn, read, reading, words } from '../state/knowledge'
import { live } from '../state/store'
import { historyOpen, mayWrite, resumeWriting, rights, writeNew, writing } from '../state/writing'
import type { ArticleHit } from '../wire/messages.gen'
import { ArticleEditor } from './ArticleEditor'
import { ArticleText } from './ArticleText'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { PanelBody } from './Panel'
import { rowKeys } from './rows'

/** The knowledge base: search on the left; on the right the article, or what is being written. */
export function KnowledgeView() {
  useEffect(() => {
    resumeWriting()
    if (!live.value) return
    void hits.refresh()
    void rights.refresh()
  }, [live.value])
  const found = hits.value.value
  const shown = article.value.value
  const edited = writing.value
  return (
    <main class="groups knowledge" data-testid="knowledge" data-writing={edited !== null}>
      <section class="panel" onKeyDown={rowKeys}>
        <header class="panel-head">
          <div class="panel-head-row">
            <h1>{t('nav.knowledge')}</h1>
            {mayWrite.value && (
              <button type="button" class="button small" data-testid="article-new" data-key-target="article-new" disabled={edited !== null} onClick={writeNew}>
                <Icon name="plus" size={14} />{t('knowledge.new')}
              </button>
            )}
          </div>
          <div class="search-field knowledge-search">
            <Icon name="search" size={16} />
            <input type="search" data-key-target="knowledge" aria-label={t('knowledge.search')} placeholder={t('knowledge.search')} maxLength={200} value={words.value} onInput={event => look(event.currentTarget.value)} />
          </div>
          {mayWrite.value && (
            <label class="archive-switch">
              <input type="checkbox" data-testid="archived" checked={archived.value} onChange={event => lookIn(event.currentTarget.checked)} />
              {t('knowledge.archived_only')}
            </label>
          )}
        </header>
        <PanelBody label={t('knowledge.found')}>
          {found === null && (hits.problem.value === null ? <Reading /> : <Failure resource={hits} />)}
          {found?.length === 0 && <Nothing icon="search" title={t('knowledge.none')} hint={t('knowledge.none_hint')} />}
          {found !== null && <ul class="hits" data-testid="hits">{found.map(hit => <Hit key={hit.article_id} hit={hit} />)}</ul>}
        </PanelBody>
      </section>
      {edited !== null
        ? <ArticleEditor writing={edited} />
        : (
          <section class="panel" aria-label={t('knowledge.article')}>
            <PanelBody label={t('knowledge.article')}>
              {reading.value === null && <Nothing icon="bulb" title={t('knowledge.choose')} />}
              {reading.value !== null && shown === null && (article.problem.value === null ? <Reading /> : <Failure resource={article} />)}
              {reading.value !== null && shown !== null && <ArticleText article={shown} />}
            </PanelBody>
          </section>
        )}
    </main>
  )
}

function Hit({ hit }: { hit: ArticleHit }) {
  function choose(): void {
    historyOpen.value = false
    read(hit.article_id)
  }
  return (
    <li>
      <button type="button" data-row aria-pressed={reading.value === hit.article_id} onClick={choose}>
        <b>{local(hit.title)}</b>
        <span>{local(hit.snippet)}</span>
      </button>
    </li>
  )
}
