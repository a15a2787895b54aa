import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { day, errorWords, local, moment, t } from '../i18n'
import { read } from '../state/knowledge'
import { live } from '../state/store'
import { now } from '../state/time'
import { archive, historyOpen, readVersion, refused, saving, toggleHistory, versions, write } from '../state/writing'
import type { Article } from '../wire/messages.gen'
import { Failure, Reading } from './Empty'
import { Icon } from './Icon'

/** One version of an article, and for those who keep it the way to change it. */
export function ArticleText({ article: shown }: { article: Article }) {
  const script = local(shown.script)
  const newest = versions.value.value?.[0]?.version
  const earlier = newest !== undefined && shown.version < newest
  return (
    <article class="article" data-testid="article" data-version={shown.version}>
      <div class="article-head">
        <h2>{local(shown.title)}</h2>
        <Actions article={shown} earlier={earlier} />
      </div>
      <p class="muted">
        {t('knowledge.changed', { department: shown.department, day: day(shown.changed_at, now.peek()), version: shown.version })}
        {shown.audience === 'leaders' && <> · {t('knowledge.leaders')}</>}
      </p>
      {(earlier || shown.archived) && (
        <p class="article-notice" role="status">
          {t(earlier ? 'knowledge.earlier' : 'knowledge.archived')}
          {earlier && <button type="button" class="button small" onClick={() => read(shown.article_id)}>{t('knowledge.newest')}</button>}
        </p>
      )}
      {refused.value !== null && <p class="form-note" data-problem="true" role="alert">{errorWords(refused.value)}</p>}
      {historyOpen.value && <History article={shown} />}
      {script !== '' && <div class="script"><span class="script-title">{t('offers.script')}</span><p>{script}</p></div>}
      <p class="article-body">{local(shown.body)}</p>
    </article>
  )
}

function Actions({ article: shown, earlier }: { article: Article, earlier: boolean }) {
  const sure = useSignal(false)
  useEffect(() => {
    sure.value = false
  }, [shown.article_id, shown.version])
  const idle = live.value && !saving.value
  const back = earlier || shown.archived
  return (
    <div class="article-actions">
      <button type="button" class="button small quiet" data-testid="article-history" aria-expanded={historyOpen.value} onClick={toggleHistory}>
        <Icon name="clock" size={14} />{t('knowledge.history')}
      </button>
      {shown.may_write && !back && (
        <button
          type="button"
          class="button small quiet"
          data-testid="article-archive"
          disabled={!idle}
          onClick={() => { if (sure.value) void archive(shown.article_id, shown.version); else sure.value = true }}
          onBlur={() => { sure.value = false }}
        >
          {t(sure.value ? 'knowledge.archive_sure' : 'knowledge.archive')}
        </button>
      )}
      {shown.may_write && (
        <button type="button" class="button small" data-testid="article-edit" data-key-target="article-edit" disabled={!idle} onClick={() => void write(shown.article_id, back ? shown.version : null)}>
          <Icon name="pen" size={14} />{t(back ? 'knowledge.bring_back' : 'knowledge.edit')}
        </button>
      )}
    </div>
  )
}

function History({ article: shown }: { article: Article }) {
  const all = versions.value.value
  if (all === null) return versions.problem.value === null ? <Reading /> : <Failure resource={versions} />
  return (
    <ol class="versions" data-testid="versions" aria-label={t('knowledge.history')}>
      {all.map(each => (
        <li key={each.version}>
          <button type="button" aria-pressed={each.version === shown.version} onClick={() => void readVersion(each.version)}>
            <b>{each.version}</b>
            <span>{local(each.title)}{each.archived && ` (${t('knowledge.archived_sign')})`}</span>
            <small>{moment(each.changed_at)} · {each.changed_by}</small>
          </button>
        </li>
      ))}
    </ol>
  )
}
