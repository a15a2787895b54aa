import { useSignal } from '@preact/signals'
import { figure, named, t } from '../../i18n'
import { legend, picture } from '../../state/board'
import { IDLE, listed, waiting, type Act } from '../../state/floor'
import { useFresh } from '../../state/resource'
import { live, moveCall } from '../../state/store'
import type { WaitingLine } from '../../wire/messages.gen'
import { Failure, Nothing, Reading } from '../Empty'
import { PanelBody } from '../Panel'
import { Since } from '../Timer'
import { queueTitle } from '../board/words'
import { Result } from './Reason'

const FRESH_MS = 2000
const OWN = 'hotline-own'

/** Callers who wait: moving one to another queue, or letting one go first. */
export function Waiting() {
  useFresh(waiting, FRESH_MS)
  const found = waiting.value.value
  const act = useSignal<Act>(IDLE)
  return (
    <section class="panel floor-waiting" aria-label={t('waiting.title')} data-testid="waiting">
      <header class="floor-head">
        <h2>{t('waiting.title')} {found !== null && <small>{figure(found.length)}</small>}</h2>
        <label>
          <span class="unseen">{t('board.queue')}</span>
          <select value={listed.value} onChange={event => { listed.value = event.currentTarget.value; void waiting.refresh() }}>
            <option value="">{t('waiting.all')}</option>
            {queues().map(each => <option key={each} value={each}>{queueTitle(each)}</option>)}
          </select>
        </label>
      </header>
      <Result act={act.value} words={t('waiting.done')} />
      <PanelBody label={t('waiting.title')}>
        {found === null && (waiting.problem.value === null ? <Reading /> : <Failure resource={waiting} />)}
        {found?.length === 0 && <Nothing icon="phone" title={t('waiting.none')} />}
        {found !== null && found.length > 0 && (
          <table class="grid">
            <thead>
              <tr>
                <th scope="col">{t('board.queue')}</th>
                <th scope="col">{t('waiting.place')}</th>
                <th scope="col">{t('board.waited')}</th>
                <th scope="col">{t('board.tier')}</th>
                <th scope="col">{t('fact.reason')}</th>
                <th scope="col">{t('waiting.priority')}</th>
                <th scope="col">{t('waiting.move')}</th>
              </tr>
            </thead>
            <tbody>{found.map(each => <Caller key={each.call_id} line={each} act={act} />)}</tbody>
          </table>
        )}
      </PanelBody>
    </section>
  )
}

function queues(): string[] {
  return (legend.value.value?.targets ?? []).map(each => each.queue).filter(each => each !== OWN)
}

function Caller({ line, act }: { line: WaitingLine, act: { value: Act } }) {
  const target = useSignal('')
  const priority = useSignal('')
  const wanted = priority.value === '' ? null : Number(priority.value)
  const changes = target.value !== '' || (wanted !== null && wanted !== line.priority)
  const name = t('waiting.caller', { queue: queueTitle(line.queue), place: figure(line.position) })
  const shut = (queue: string) => picture.value?.closed.some(each => each.queue === queue) ?? false
  const apply = async (event: Event) => {
    event.preventDefault()
    act.value = { state: 'busy', problem: null }
    const done = await moveCall(line.call_id, target.value === '' ? null : target.value, wanted)
    // A refusal stands in the page's own notice, with its words.
    act.value = { state: done ? 'done' : 'idle', problem: null }
    await waiting.refresh()
  }
  return (
    <tr data-call={line.call_id}>
      <th scope="row">{queueTitle(line.queue)}</th>
      <td>{figure(line.position)}</td>
      <td><Since at={line.waiting_since} /></td>
      <td>{line.segment === null ? t('board.none') : <span class="tier-chip" data-segment={line.segment}>{t(`segment.${line.segment}`)}</span>}</td>
      <td>{line.reason === '' ? t('board.none') : named('reasons', line.reason)}</td>
      <td>{figure(line.priority)}</td>
      <td>
        {line.ringing ? <small>{t('waiting.ringing')}</small> : (
          <form class="floor-move" aria-label={name} onSubmit={apply}>
            <select aria-label={t('waiting.to_of', { name })} value={target.value} onChange={event => { target.value = event.currentTarget.value }}>
              <option value="">{t('waiting.stay')}</option>
              {queues().filter(each => each !== line.queue).map(each => (
                <option key={each} value={each} disabled={shut(each)}>{queueTitle(each)}{shut(each) ? ` (${t('floor.closed')})` : ''}</option>
              ))}
            </select>
            <input
              class="line-field" type="number" min={0} max={1000} placeholder={String(line.priority)} aria-label={t('waiting.priority_of', { name })}
              value={priority.value} onInput={event => { priority.value = event.currentTarget.value }}
            />
            <button type="submit" class="button small" disabled={!live.value || !changes || act.value.state === 'busy'}>{t('waiting.apply')}</button>
          </form>
        )}
      </td>
    </tr>
  )
}
