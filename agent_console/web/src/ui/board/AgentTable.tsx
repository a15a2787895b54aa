import { useSignal } from '@preact/signals'
import { figure, pauseReason, t, type Key } from '../../i18n'
import { legend, lookBehind, orders } from '../../state/board'
import { keep, kept } from '../../state/kept'
import type { AgentRow, BoardPicture } from '../../wire/messages.gen'
import { Nothing } from '../Empty'
import { PanelBody } from '../Panel'
import { Since } from '../Timer'
import { AgentOrders } from './AgentOrders'
import { MonitorAgent } from './Monitor'
import { agentName, percent, queueTitle, seconds } from './words'

const STATES: readonly AgentRow['state'][] = ['available', 'ringing', 'on_call', 'on_hold', 'wrap_up', 'paused', 'logged_out']
const TIERS = ['diamond', 'gold', 'silver', 'standard'] as const
type Order = 'state' | 'name' | 'tier' | 'since' | 'answered' | 'aht' | 'occupancy'

const tierPlace = (row: AgentRow) => row.segment === null ? TIERS.length : TIERS.indexOf(row.segment)
const COMPARE: Readonly<Record<Order, (a: AgentRow, b: AgentRow) => number>> = {
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.since - b.since,
  name: (a, b) => agentName(a.agent_id).localeCompare(agentName(b.agent_id)),
  tier: (a, b) => tierPlace(a) - tierPlace(b) || a.since - b.since,
  since: (a, b) => a.since - b.since,
  answered: (a, b) => b.today.answered - a.today.answered,
  aht: (a, b) => (b.today.aht ?? -1) - (a.today.aht ?? -1),
  occupancy: (a, b) => (b.today.occupancy ?? -1) - (a.today.occupancy ?? -1),
}
const COLUMNS: readonly [Order, Key][] = [
  ['name', 'board.agent'], ['state', 'board.state'], ['tier', 'board.tier'], ['since', 'board.since'],
  ['answered', 'board.answered'], ['aht', 'board.aht'], ['occupancy', 'board.occupancy'],
]

const teamOf = (row: AgentRow) => legend.value.value?.teams[row.agent_id] ?? ''

/** What is to be seen: all of it, or what fits every filter. */
interface Filter { text: string, state: string, queue: string, team: string }

const ALL: Filter = { text: '', state: '', queue: '', team: '' }

function fits(row: AgentRow, filter: Filter): boolean {
  const text = filter.text.trim().toLowerCase()
  return (text === '' || `${agentName(row.agent_id)} ${row.agent_id} ${teamOf(row)}`.toLowerCase().includes(text))
    && (filter.state === '' || row.state === filter.state)
    && (filter.queue === '' || row.queue === filter.queue || row.queues.includes(filter.queue))
    && (filter.team === '' || teamOf(row) === filter.team)
}

/** Everybody who is signed in, or was today. */
export function AgentTable({ board }: { board: BoardPicture }) {
  const order = useSignal<Order>('state')
  const back = useSignal(false)
  const filter = useSignal<Filter>(ALL)
  const grouped = useSignal(kept('board-teams') === 'on')
  const compare = COMPARE[order.value]
  const rows = board.agents.filter(each => fits(each, filter.value)).sort((a, b) => back.value ? compare(b, a) : compare(a, b))
  const teams = [...new Set(board.agents.map(teamOf))].filter(each => each !== '').sort((a, b) => a.localeCompare(b))
  const sort = (name: Order) => {
    back.value = order.value === name && !back.value
    order.value = name
  }
  const set = (change: Partial<Filter>) => { filter.value = { ...filter.value, ...change } }
  return (
    <section class="panel board-agents" aria-label={t('board.agents')}>
      <header class="board-agents-head">
        <h2>{t('board.agents')} <small>{rows.length < board.agents.length ? t('board.of', { shown: figure(rows.length), all: figure(board.agents.length) }) : figure(rows.length)}</small></h2>
        <div class="agent-filters">
          <Choice label={t('board.state')} value={filter.value.state} options={STATES.map(each => [each, t(`state.${each}`)])} choose={state => set({ state })} />
          <Choice label={t('board.queue')} value={filter.value.queue} options={board.queues.map(each => [each.queue, queueTitle(each.queue)])} choose={queue => set({ queue })} />
          {teams.length > 0 && <Choice label={t('board.team')} value={filter.value.team} options={teams.map(each => [each, each])} choose={team => set({ team })} />}
          {teams.length > 0 && (
            <label class="agent-group">
              <input type="checkbox" checked={grouped.value} data-testid="by-team" onChange={event => { grouped.value = event.currentTarget.checked; keep('board-teams', grouped.value ? 'on' : null) }} />
              {t('board.by_team')}
            </label>
          )}
          <input
            class="line-field" type="search" placeholder={t('board.find_agent')} aria-label={t('board.find_agent')}
            value={filter.value.text} onInput={event => set({ text: event.currentTarget.value })}
          />
        </div>
      </header>
      <PanelBody label={t('board.agents')}>
        {rows.length === 0 ? <Nothing icon="person" title={t(board.agents.length === 0 ? 'board.no_agents' : 'board.nobody_fits')} /> : (
          <table class="grid" data-testid="board-agents">
            <thead>
              <tr>
                {COLUMNS.map(([name, key]) => (
                  <th key={name} scope="col" aria-sort={order.value === name ? (back.value ? 'descending' : 'ascending') : undefined}>
                    <button type="button" class="plain" onClick={() => sort(name)}>{t(key)}</button>
                  </th>
                ))}
                {orders.value && <th scope="col"><span class="unseen">{t('board.orders')}</span></th>}
              </tr>
            </thead>
            {grouped.value && teams.length > 0
              ? [...teams, ''].map(team => <Group key={team} team={team} rows={rows.filter(each => teamOf(each) === team)} />)
              : <tbody>{rows.map(row => <Line key={row.agent_id} row={row} />)}</tbody>}
          </table>
        )}
      </PanelBody>
    </section>
  )
}

interface ChoiceProps { label: string, value: string, options: readonly (readonly [string, string])[], choose: (to: string) => void }

function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <select class="agent-filter" aria-label={label} value={value} data-active={value !== ''} onChange={event => choose(event.currentTarget.value)}>
      <option value="">{t('board.every', { name: label })}</option>
      {options.map(([code, words]) => <option key={code} value={code}>{words}</option>)}
    </select>
  )
}

const BUSY: readonly AgentRow['state'][] = ['ringing', 'on_call', 'on_hold', 'wrap_up']

/** One team under its name, with how many are free and busy. */
function Group({ team, rows }: { team: string, rows: readonly AgentRow[] }) {
  if (rows.length === 0) return null
  const free = rows.filter(each => each.state === 'available').length
  const busy = rows.filter(each => BUSY.includes(each.state)).length
  return (
    <tbody data-team={team}>
      <tr class="agent-team">
        <th scope="rowgroup" colSpan={COLUMNS.length + (orders.value ? 1 : 0)}>
          {team === '' ? t('board.no_team') : team} <small>{t('board.team_now', { all: figure(rows.length), free: figure(free), busy: figure(busy) })}</small>
        </th>
      </tr>
      {rows.map(row => <Line key={row.agent_id} row={row} />)}
    </tbody>
  )
}

function Line({ row }: { row: AgentRow }) {
  const doing = row.state === 'paused' && row.reason !== '' ? pauseReason(row.reason) : row.queue === null ? '' : queueTitle(row.queue)
  return (
    <tr data-agent={row.agent_id} data-state={row.state}>
      <th scope="row">
        <button type="button" class="plain" onClick={() => lookBehind({ agent: row.agent_id })}>{agentName(row.agent_id)}</button>
        <small> {row.agent_id}</small>
      </th>
      <td><span class="state-chip" data-state={row.state}>{t(`state.${row.state}`)}</span>{doing !== '' && <small> {doing}</small>}<MonitorAgent row={row} /></td>
      <td>{row.segment === null ? t('board.none') : <span class="tier-chip" data-segment={row.segment}>{t(`segment.${row.segment}`)}</span>}</td>
      <td>{row.state === 'logged_out' ? t('board.none') : <Since at={row.since} />}</td>
      <td>{figure(row.today.answered)}{row.today.missed > 0 && <small> {t('board.missed', { count: row.today.missed })}</small>}</td>
      <td>{seconds(row.today.aht)}</td>
      <td>{percent(row.today.occupancy)}</td>
      {orders.value && <td><AgentOrders row={row} /></td>}
    </tr>
  )
}
