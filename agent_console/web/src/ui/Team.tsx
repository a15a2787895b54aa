import { pauseReason, t } from '../i18n'
import { team } from '../state/day'
import { useFresh } from '../state/resource'
import { desk, me } from '../state/store'
import type { TeamMember } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { PanelBody } from './Panel'
import { Since } from './Timer'

const FRESH_MS = 10_000
const ORDER: readonly TeamMember['state'][] = ['available', 'ringing', 'on_call', 'on_hold', 'wrap_up', 'paused', 'logged_out']

/** What the colleagues are doing now; who could help comes first. */
export function Team() {
  useFresh(team, FRESH_MS)
  // The list comes every few seconds; of oneself the page knows at once.
  const own = { ...desk.value.status, agent_id: me.value?.agent_id }
  const members = team.value.value?.map(each => each.agent_id === own.agent_id ? { ...each, ...own, agent_id: each.agent_id } : each) ?? null
  const sorted = [...members ?? []].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name))
  return (
    <section class="panel day-team">
      <h2 class="panel-title">{t('team.title')}</h2>
      <PanelBody label={t('team.title')}>
        {members === null && (team.problem.value === null ? <Reading /> : <Failure resource={team} />)}
        {members?.length === 0 && <Nothing icon="person" title={t('team.none')} />}
        <ul class="team" data-testid="team">
          {sorted.map(each => (
            <li key={each.agent_id} data-state={each.state} data-me={each.agent_id === me.value?.agent_id}>
              <span class="state-dot" aria-hidden="true" />
              <span class="member">{each.name} <small>{each.agent_id}</small></span>
              <span class="member-state">
                {t(`state.${each.state}`)}{each.reason !== '' && ` · ${pauseReason(each.reason)}`}
              </span>
              <span class="member-since">{each.state !== 'logged_out' && each.since > 0 && <Since at={each.since} />}</span>
            </li>
          ))}
        </ul>
      </PanelBody>
    </section>
  )
}
