import { figure, local, t } from '../../i18n'
import { daysOf, order, sorted, type Step } from '../../state/reports'
import { now } from '../../state/time'
import type { ReportColumn, ReportLine, ReportTable as Table } from '../../wire/messages.gen'
import { agentName, percent, seconds } from '../board/words'

/** A line for each span and name; a click on a title sorts by it, the largest first. */
export function ReportTable({ table }: { table: Table }) {
  const { what, by } = order.value
  const at = sorted.value
  const days = [...new Set(daysOf(order.value, now.peek()))].join(' – ')
  const lines = at === null ? table.lines : [...table.lines].sort((a, b) => (b.values[at] ?? -1) - (a.values[at] ?? -1))
  return (
    <table class="grid report-grid" data-testid="report-table">
      <thead>
        <tr>
          <th scope="col"><button type="button" class="plain" onClick={() => { sorted.value = null }}>{t('reports.start')}</button></th>
          <th scope="col">{t(`reports.${what}`)}</th>
          {table.columns.map((column, place) => (
            <th key={column.name} scope="col" aria-sort={at === place ? 'descending' : undefined}>
              <button type="button" class="plain" onClick={() => { sorted.value = place }}>{local(column.title)}</button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <tr key={`${line.start} ${line.name}`}>
            <td>{by === 'whole' ? days : spanOf(line.start, by)}</td>
            <th scope="row" title={line.name}>{nameOf(line, what === 'agents')}</th>
            {table.columns.map((column, place) => <td key={column.name}>{shown(line.values[place], column)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function nameOf(line: ReportLine, agent: boolean): string {
  const name = agent ? agentName(line.name) : local(line.title)
  return agent && name !== line.name ? `${name} ${line.name}` : name
}

/** `2026-03-02T09:15` as much as the step needs. */
function spanOf(start: string, by: Step): string {
  const [day, time] = [start.slice(0, 10), start.slice(11)]
  if (by === 'quarter' || by === 'hour') return `${day} ${time}`
  return by === 'month' ? day.slice(0, 7) : day
}

function shown(value: number | null | undefined, column: ReportColumn): string {
  if (value == null) return t('board.none')
  if (column.unit === 'share') return percent(value)
  if (column.unit === 'seconds') return seconds(value)
  return figure(value, column.unit === 'number' ? 2 : 0)
}
