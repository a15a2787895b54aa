import { useLayoutEffect, useRef } from 'preact/hooks'
import { errorWords, named, t } from '../i18n'
import { catalogue, live } from '../state/store'
import { cancel, chooseId, edit, refused, rights, save, saving, settle, type TextField, theirs, type Writing } from '../state/writing'
import { Icon } from './Icon'
import { PanelBody } from './Panel'

const LANGUAGES = ['zh', 'en'] as const
const MOST = { title: 200, body: 20_000, script: 20_000 } as const

/** Writes an article in both languages; what is typed is kept in this browser until it is stored. */
export function ArticleEditor({ writing }: { writing: Writing }) {
  const form = useRef<HTMLFormElement>(null)
  const { draft } = writing
  const isNew = draft.version === 0
  // Before anything else can be typed.
  useLayoutEffect(() => {
    form.current?.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [])

  function key(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      form.current?.requestSubmit()
    }
  }

  return (
    <form class="panel article-form" data-testid="article-form" ref={form} onKeyDown={key} onSubmit={event => { event.preventDefault(); void save() }}>
      <header class="panel-head">
        <h2>{t(isNew ? 'knowledge.new_title' : 'knowledge.edit_title', { version: draft.version })}</h2>
      </header>
      <PanelBody label={t('knowledge.edit')}>
        <Place writing={writing} isNew={isNew} />
        <Topics chosen={draft.topics} />
        <div class="article-languages">
          {LANGUAGES.map(language => (
            <fieldset key={language}>
              <legend>{t(`speaks.${language}`)}</legend>
              {(['title', 'script', 'body'] as const).map(part => (
                <Words key={part} name={`${part}_${language}`} part={part} value={draft[`${part}_${language}`]} first={part === 'title' && language === 'zh'} />
              ))}
            </fieldset>
          ))}
        </div>
      </PanelBody>
      <footer class="group-actions article-footer">
        <button type="submit" class="button primary" data-testid="article-save" disabled={saving.value || !live.value}>{t('knowledge.save')}</button>
        <button type="button" class="button quiet" data-testid="article-cancel" onClick={cancel}>{t('knowledge.cancel')}</button>
        <Outcome />
      </footer>
    </form>
  )
}

function Outcome() {
  const why = refused.value
  if (why === null) return <p class="muted" role="status">{t('knowledge.save_hint')}</p>
  return (
    <div class="article-refused" role="alert">
      <p class="form-note" data-problem="true">{why === 'taken' ? t('knowledge.id_taken') : errorWords(why)}</p>
      {theirs.value !== null && (
        <>
          <button type="button" class="button small" onClick={() => settle('theirs')}>{t('knowledge.take_theirs')}</button>
          <button type="button" class="button small" onClick={() => settle('mine')}>{t('knowledge.keep_mine')}</button>
        </>
      )}
    </div>
  )
}

function Place({ writing, isNew }: { writing: Writing, isNew: boolean }) {
  const { draft } = writing
  const known = rights.value.value
  return (
    <div class="article-place">
      <label class="field">
        <span>{t('knowledge.id')}</span>
        <input class="line-field" name="article-id" value={writing.articleId} readOnly={!isNew} required pattern="[a-z0-9][a-z0-9\-]{0,63}" title={t('knowledge.id_hint')} autocomplete="off" spellcheck={false} onInput={event => chooseId(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{t('knowledge.department')}</span>
        {known?.everywhere === true
          ? (
            <>
              <input class="line-field" name="department" list="departments" value={draft.department} required pattern="[a-z][a-z0-9_\-]{0,31}" title={t('knowledge.department_hint')} autocomplete="off" spellcheck={false} onInput={event => edit({ department: event.currentTarget.value })} />
              <datalist id="departments">{known.departments.map(each => <option key={each} value={each} />)}</datalist>
            </>
          )
          : (
            <select class="line-field" name="department" value={draft.department} onChange={event => edit({ department: event.currentTarget.value })}>
              {[...new Set([draft.department, ...(known?.departments ?? [])])].map(each => <option key={each} value={each}>{each}</option>)}
            </select>
          )}
      </label>
      <div class="field">
        <span id="audience">{t('knowledge.audience')}</span>
        <div class="segmented" role="radiogroup" aria-labelledby="audience">
          {(['everybody', 'leaders'] as const).map(each => (
            <label key={each}>
              <input type="radio" name="audience" checked={draft.audience === each} onChange={() => edit({ audience: each })} />
              <span>{t(`knowledge.${each}`)}</span>
            </label>
          ))}
        </div>
      </div>
    </div>
  )
}

/** The topics of calls in which the article helps. */
function Topics({ chosen }: { chosen: readonly string[] }) {
  const all = [...new Set([...Object.keys(catalogue.value.reasons), ...chosen])]
  return (
    <fieldset class="article-topics">
      <legend>{t('knowledge.topics')}</legend>
      {all.map(topic => (
        <label key={topic} class="topic">
          <input
            type="checkbox"
            name="topic"
            value={topic}
            checked={chosen.includes(topic)}
            onChange={event => edit({ topics: event.currentTarget.checked ? [...chosen, topic] : chosen.filter(each => each !== topic) })}
          />
          <span>{named('reasons', topic)}</span>
        </label>
      ))}
    </fieldset>
  )
}

function Words({ name, part, value, first }: { name: TextField, part: keyof typeof MOST, value: string, first: boolean }) {
  const other = theirs.value?.[name]
  const lang = name.endsWith('_zh') ? 'zh-CN' : 'en'
  return (
    <label class="field" data-part={part}>
      <span>{t(`knowledge.${part}`)}</span>
      {part === 'title'
        ? <input class="line-field" lang={lang} name={name} value={value} maxLength={MOST.title} data-first={first ? '' : undefined} autocomplete="off" onInput={event => edit({ [name]: event.currentTarget.value })} />
        : <textarea class="line-field" lang={lang} name={name} value={value} maxLength={MOST[part]} onInput={event => edit({ [name]: event.currentTarget.value })} />}
      {other !== undefined && other !== value && (
        <span class="article-theirs"><Icon name="alert" size={14} /><b>{t('knowledge.theirs')}</b> {other === '' ? t('day.none') : other}</span>
      )}
    </label>
  )
}
