import { useEffect } from 'preact/hooks'
import { errorWords, figure, local, t } from '../../i18n'
import { legend } from '../../state/board'
import { byQueue, change, daysOf, download, filing, order, PERIODS, refused, report, STEPS, WHATS, type Period, type Step } from '../../state/reports'
import { live } from '../../state/store'
import { now } from '../../state/time'
import { BoardTabs } from '../board/BoardTabs'
import { Failure, Nothing, Reading } from '../Empty'
import { Icon } from '../Icon'
import { PanelBody } from '../Panel'
import { ReportTable } from './ReportTable'

/** Figures of the past, for those who lead. */
export function ReportsView() {
  const found = report.value.value
  useEffect(() => {
    if (!live.value) return
    if (legend.value.peek() === null) void legend.refresh()
    void report.refresh()
  }, [live.value])
  return (
    <main class="board reports" data-testid="reports">
      <header class="board-head">
        <h1>{t('reports.title')}</h1>
        <BoardTabs />
        <p class="board-sign" role="status">{refused.value !== null && <><Icon name="alert" size={16} />{errorWords(refused.value)}</>}</p>
        {(['csv', 'xlsx'] as const).map(format => (
          <button
            key={format} type="button" class="button small" data-testid={`file-${format}`}
            disabled={!live.value || filing.value !== null || found === null || found.size === 0}
            onClick={() => void download(format)}
          >
            <Icon name="download" size={16} />{filing.value === format ? t('reports.filing') : format.toUpperCase()}
          </button>
        ))}
      </header>
      <Asking />
      <section class="panel report-found" aria-label={t('reports.title')}>
        <PanelBody label={t('reports.lines')}>
          {found === null && (report.problem.value === null ? <Reading /> : <Failure resource={report} />)}
          {found?.size === 0 && <Nothing icon="clock" title={t('reports.empty')} hint={t('reports.empty_hint')} />}
          {found !== null && found.size > 0 && <ReportTable table={found} />}
        </PanelBody>
        {found !== null && found.size > 0 && (
          <footer class="report-foot">
            <span data-testid="report-size">{found.size > found.lines.length ? t('reports.more', { shown: figure(found.lines.length), size: figure(found.size) }) : t('reports.size', { size: figure(found.size) })}</span>
            <span>{t('board.level')}: {t(`formula.${found.formula}`)}</span>
          </footer>
        )}
      </section>
    </main>
  )
}

function Asking() {
  const asked = order.value
  const [first, last] = daysOf(asked, now.value)
  return (
    <div class="report-asking">
      <div class="segmented five" role="radiogroup" aria-label={t('reports.what')}>
        {WHATS.map(each => (
          <label key={each}>
            <input type="radio" name="what" checked={asked.what === each} data-testid={`what-${each}`} onChange={() => change({ what: each })} />
            <span>{t(`reports.${each}`)}</span>
          </label>
        ))}
      </div>
      <label class="report-field">
        <span>{t('reports.period')}</span>
        <select
          value={asked.period} data-testid="period"
          onChange={event => {
            const period = event.currentTarget.value as Period
            change(period === 'days' ? { period, first, last } : { period })
          }}
        >
          {PERIODS.map(each => <option key={each} value={each}>{t(`period.${each}`)}</option>)}
        </select>
      </label>
      <label class="report-field">
        <span>{t('reports.first')}</span>
        <input type="date" value={first} max={last} data-testid="first" onChange={event => change({ period: 'days', first: event.currentTarget.value, last })} />
      </label>
      <label class="report-field">
        <span>{t('reports.last')}</span>
        <input type="date" value={last} min={first} data-testid="last" onChange={event => change({ period: 'days', first, last: event.currentTarget.value })} />
      </label>
      <label class="report-field">
        <span>{t('reports.by')}</span>
        <select value={asked.by} data-testid="by" onChange={event => change({ by: event.currentTarget.value as Step })}>
          {STEPS.map(each => <option key={each} value={each}>{t(`step.${each}`)}</option>)}
        </select>
      </label>
      {byQueue.value && (
        <label class="report-field">
          <span>{t('board.queue')}</span>
          <select value={asked.queue} data-testid="report-queue" onChange={event => change({ queue: event.currentTarget.value })}>
            <option value="">{t('reports.all_queues')}</option>
            {(legend.value.value?.targets ?? []).map(each => <option key={each.queue} value={each.queue}>{local(each.title)}</option>)}
          </select>
        </label>
      )}
    </div>
  )
}
