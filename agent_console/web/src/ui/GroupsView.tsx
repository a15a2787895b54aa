import { useEffect } from 'preact/hooks'
import { errorWords, local, t } from '../i18n'
import { asking, conditions, fields, found, offer, planner, refusal, search, stale } from '../state/groups'
import { live } from '../state/store'
import type { GroupFields } from '../wire/messages.gen'
import { Conditions } from './Conditions'
import { Failure, Nothing } from './Empty'
import { GroupResult } from './GroupResult'
import { Icon } from './Icon'
import { PanelBody } from './Panel'

/** Finding people by scores and attributes, for those who plan whom to speak to. */
export function GroupsView() {
  const known = fields.value.value
  useEffect(() => {
    if (planner.value && live.value && known === null) void fields.refresh()
  }, [planner.value, live.value, known])
  return (
    <main class="groups" data-testid="groups">
      <section class="panel group-query">
        <header class="panel-head">
          <h1>{t('groups.title')}</h1>
          <p class="muted">{t('groups.lead')}</p>
        </header>
        {known === null && fields.problem.value !== null && <Failure resource={fields} />}
        {known === null && fields.problem.value === null && <div class="lines padded"><span class="skeleton" /><span class="skeleton" /></div>}
        {known !== null && <Query known={known} />}
      </section>
      <section class="panel group-found" aria-label={t('groups.size')}>
        <PanelBody label={t('groups.size')}>
          {refusal.value !== null && <p class="group-refusal" role="alert"><Icon name="alert" size={16} />{errorWords(refusal.value)}</p>}
          <Found known={known} />
        </PanelBody>
      </section>
    </main>
  )
}

function Query({ known }: { known: GroupFields }) {
  return (
    <form class="group-form" onSubmit={event => { event.preventDefault(); void search() }}>
      <PanelBody label={t('groups.conditions')}>
        <Conditions known={known} all={conditions.value} />
        <label class="field group-offer">
          <span>{t('groups.offer')}</span>
          <select value={offer.value} onChange={event => { offer.value = event.currentTarget.value }}>
            <option value="">{t('groups.no_offer')}</option>
            {known.offers.map(each => <option key={each.code} value={each.code}>{local(each.text)}</option>)}
          </select>
        </label>
      </PanelBody>
      <div class="group-actions">
        <button type="submit" class="button primary" data-testid="group-search" disabled={asking.value || !live.value}>
          <Icon name="search" size={16} />{t('groups.search')}
        </button>
        <p class="muted" role="status">{stale.value && t('groups.stale')}</p>
      </div>
    </form>
  )
}

function Found({ known }: { known: GroupFields | null }) {
  const group = found.value
  if (asking.value && group === null) return <div class="lines padded" role="status" aria-label={t('data.loading')}><span class="skeleton tall" /><span class="skeleton" /><span class="skeleton" /></div>
  if (group === null) return <Nothing icon="search" title={t('groups.none')} hint={t('groups.none_hint')} />
  if (group.size === 0) return <Nothing icon="person" title={t('groups.empty')} hint={t('groups.empty_hint')} />
  return <GroupResult group={group} known={known} />
}
