import { useSignal } from '@preact/signals'
import { figure, t } from '../../i18n'
import { legend } from '../../state/board'
import { IDLE, perform, setTeam, skills, type Act } from '../../state/floor'
import { useFresh } from '../../state/resource'
import { live, orderSkills } from '../../state/store'
import type { AgentSkills } from '../../wire/messages.gen'
import { Failure, Nothing, Reading } from '../Empty'
import { PanelBody } from '../Panel'
import { queueTitle } from '../board/words'
import { Result } from './Reason'

const FRESH_MS = 10_000
const OWN = 'hotline-own'

/** Who takes the calls of which queues, and in which team; a change holds at once. */
export function Skills() {
  useFresh(skills, FRESH_MS)
  const found = skills.value.value
  const text = useSignal('')
  const editing = useSignal('')
  const act = useSignal<Act>(IDLE)
  const wanted = text.value.trim().toLowerCase()
  const rows = (found ?? []).filter(each => `${each.name} ${each.agent_id} ${each.team}`.toLowerCase().includes(wanted))
  return (
    <section class="panel floor-skills" aria-label={t('skills.title')} data-testid="skills">
      <header class="floor-head">
        <h2>{t('skills.title')} {found !== null && <small>{figure(rows.length)}</small>}</h2>
        <input class="line-field" type="search" placeholder={t('skills.find')} aria-label={t('skills.find')} value={text.value} onInput={event => { text.value = event.currentTarget.value }} />
      </header>
      <Result act={act.value} words={t('skills.done')} />
      <PanelBody label={t('skills.title')}>
        {found === null && (skills.problem.value === null ? <Reading /> : <Failure resource={skills} />)}
        {found !== null && rows.length === 0 && <Nothing icon="person" title={t('skills.none')} />}
        <ul class="floor-list">
          {rows.map(each => (
            <li key={each.agent_id} data-agent={each.agent_id}>
              <div class="floor-line">
                <span class="floor-title"><strong>{each.name}</strong> <small>{each.agent_id}{each.team !== '' && <> · {each.team}</>}</small></span>
                <small>{summary(each)}</small>
                {editing.value !== each.agent_id && (
                  <button type="button" class="button small" disabled={!live.value} aria-label={t('skills.edit_of', { name: each.name })} onClick={() => { editing.value = each.agent_id; act.value = IDLE }}>{t('skills.edit')}</button>
                )}
              </div>
              {editing.value === each.agent_id && <Edit agent={each} act={act} done={() => { editing.value = '' }} />}
            </li>
          ))}
        </ul>
      </PanelBody>
    </section>
  )
}

function summary(agent: AgentSkills): string {
  const own = agent.skills.map(each => `${queueTitle(each.queue)} ${each.penalty}`).join(' · ')
  return own === '' ? t('skills.default') : own
}

interface EditProps { agent: AgentSkills, act: { value: Act }, done: () => void }

function Edit({ agent, act, done }: EditProps) {
  const own = new Map(agent.skills.map(each => [each.queue, each.penalty]))
  const chosen = useSignal<ReadonlyMap<string, number>>(own)
  const team = useSignal(agent.team)
  const queues = (legend.value.value?.targets ?? []).map(each => each.queue).filter(each => each !== OWN)
  const change = (queue: string, penalty: number | null) => {
    const next = new Map(chosen.value)
    if (penalty === null) next.delete(queue)
    else next.set(queue, penalty)
    chosen.value = next
  }
  const apply = async (event: Event) => {
    event.preventDefault()
    const list = [...chosen.value].map(([queue, penalty]) => ({ queue, penalty }))
    const changed = JSON.stringify([...own].sort()) !== JSON.stringify([...chosen.value].sort())
    if (team.value.trim() !== agent.team && !await perform(act as never, () => setTeam(agent.agent_id, team.value.trim()))) return
    act.value = { state: 'busy', problem: null }
    const ordered = !changed || await orderSkills(agent.agent_id, list)
    act.value = { state: ordered ? 'done' : 'idle', problem: null }
    await skills.refresh()
    if (ordered) done()
  }
  return (
    <form class="floor-ask" aria-label={t('skills.edit_of', { name: agent.name })} onSubmit={apply} onKeyDown={event => { if (event.key === 'Escape') done() }}>
      <fieldset>
        <legend>{t('skills.queues')}</legend>
        {queues.map(queue => (
          <div key={queue} class="skill-line">
            <label><input type="checkbox" checked={chosen.value.has(queue)} onChange={event => change(queue, event.currentTarget.checked ? 0 : null)} />{queueTitle(queue)}</label>
            <input
              class="line-field" type="number" min={0} max={100} aria-label={t('skills.penalty_of', { queue: queueTitle(queue) })} disabled={!chosen.value.has(queue)}
              value={chosen.value.get(queue) ?? ''} onInput={event => change(queue, Number(event.currentTarget.value))}
            />
          </div>
        ))}
      </fieldset>
      <p>{t('skills.hint')}</p>
      <label class="field"><span>{t('skills.team')}</span><input class="line-field" maxLength={64} value={team.value} onInput={event => { team.value = event.currentTarget.value }} /></label>
      <div>
        <button type="submit" class="button small primary" disabled={!live.value || act.value.state === 'busy'}>{t('skills.apply')}</button>
        <button type="button" class="button small quiet" onClick={done}>{t('floor.cancel')}</button>
      </div>
    </form>
  )
}
