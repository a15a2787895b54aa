import { useMemo } from 'preact/hooks'
import uPlot from 'uplot'
import { figure, t } from '../../i18n'
import { language } from '../../state/store'
import { clockFace } from '../../state/time'
import type { DayPlots } from '../../wire/messages.gen'
import { percent } from '../board/words'
import { axis, Card, clock, hours, Key, Plot, type Picture } from './Plot'

const WHOLE_DAY: uPlot.Scale = { time: false, range: [0, 24 * 60] }
const POINTER: uPlot.Cursor = { y: false, drag: { x: false, y: false }, points: { size: 7 } }

/** Today's calls beside what the same weekday usually brings. */
export function ArrivalsCard({ day }: { day: DayPlots }) {
  const { minutes, arrivals } = day
  const { today, low, middle, high, days } = arrivals
  const known = days > 0
  const picture = useMemo<Picture>(() => {
    const nothing = minutes.map(() => null)
    const band = (values: readonly number[]) => known ? [...values] : nothing
    return {
      data: [[...minutes], band(low), band(high), band(middle), [...today]],
      make: ink => ({
        scales: { x: WHOLE_DAY, y: { range: (_, __, most) => [0, Math.max(5, (most ?? 0) * 1.08)] } },
        cursor: POINTER,
        bands: [{ series: [2, 1], fill: ink.soft }],
        axes: [hours(ink), axis(ink)],
        series: [
          {},
          { stroke: 'transparent', points: { show: false } },
          { stroke: 'transparent', points: { show: false } },
          { stroke: ink.faint, width: 1.5, dash: [5, 4], points: { show: false } },
          { stroke: ink.accent, width: 2.5, points: { show: false } },
        ],
      }),
      at: place => {
        const usual = known ? t('plots.usual', { middle: figure(middle[place] ?? 0, 1), low: figure(low[place] ?? 0, 0), high: figure(high[place] ?? 0, 0) }) : ''
        return `${clock(minutes[place] ?? 0)} · ${t('plots.calls', { count: count(today[place]) })}${usual === '' ? '' : ` · ${usual}`}`
      },
    }
  }, [day, language.value])
  const total = today.reduce<number>((sum, each) => sum + (each ?? 0), 0)
  const usual = today.reduce<number>((sum, each, place) => sum + (each === null ? 0 : middle[place] ?? 0), 0)
  const summary = known ? t('plots.arrivals_summary', { total: figure(total), usual: figure(usual, 0) }) : t('plots.arrivals_alone', { total: figure(total) })
  return (
    <Card
      name="arrivals" title={t('plots.arrivals')}
      note={known ? t('plots.arrivals_note', { days }) : t('plots.arrivals_new')}
      empty={total === 0 && !known ? t('plots.no_arrivals') : null}
      legend={<><Key colour="accent" words={t('plots.today')} />{known && <><Key colour="faint" words={t('plots.middle')} dashed /><Key colour="soft" words={t('plots.band')} /></>}</>}
      words={{
        columns: [t('plots.from'), t('plots.today'), t('plots.middle'), t('plots.band')],
        rows: minutes.map((minute, place) => [
          clock(minute), count(today[place]), known ? figure(middle[place] ?? 0, 1) : t('board.none'),
          known ? `${figure(low[place] ?? 0, 1)}–${figure(high[place] ?? 0, 1)}` : t('board.none'),
        ]),
      }}
    >
      <Plot picture={picture} summary={summary} />
    </Card>
  )
}

/** How many waited, and how well the limit was kept, over the day. */
export function WaitingCard({ day }: { day: DayPlots }) {
  const { minutes, waiting } = day
  const { mean_waiting: waited, service_level: level } = waiting
  const picture = useMemo<Picture>(() => ({
    data: [[...minutes], [...waited], level.map(each => each === null ? null : 100 * each)],
    make: ink => ({
      scales: { x: WHOLE_DAY, y: { range: (_, __, most) => [0, Math.max(2, (most ?? 0) * 1.15)] }, percent: { range: [0, 102] } },
      cursor: POINTER,
      axes: [
        hours(ink),
        axis(ink, { stroke: ink.warn }),
        axis(ink, { scale: 'percent', side: 1, stroke: ink.info, grid: { show: false }, splits: [0, 50, 100], values: (_, all) => all.map(each => `${each}%`), size: document.documentElement.hasAttribute('data-wall') ? 110 : 42 }),
      ],
      series: [
        {},
        { stroke: ink.warn, fill: ink.warnSoft, width: 1.5, ...stepped(), points: { show: false } },
        { scale: 'percent', stroke: ink.info, width: 2.5, spanGaps: true, points: { show: false } },
      ],
    }),
    at: place => `${clock(minutes[place] ?? 0)} · ${t('plots.waiting_at', { count: waited[place] == null ? t('board.none') : figure(waited[place] ?? 0, 1) })} · ${t('plots.level_hour')} ${percent(level[place])}`,
  }), [day, language.value])
  const most = Math.max(0, ...waited.map(each => each ?? 0))
  const busiest = minutes[waited.findIndex(each => each === most)] ?? 0
  const judged = level.some(each => each !== null)
  return (
    <Card
      name="waiting" title={t('plots.waiting')} note={t(`formula.${day.formula}`)}
      empty={judged || most > 0 ? null : t('plots.no_waits')}
      legend={<><Key colour="warn" words={t('plots.mean_waiting')} /><Key colour="info" words={t('plots.level_hour')} /></>}
      words={{
        columns: [t('plots.from'), t('plots.mean_waiting'), t('plots.level_hour')],
        rows: minutes.map((minute, place) => [clock(minute), waited[place] == null ? t('board.none') : figure(waited[place] ?? 0, 1), percent(level[place])]),
      }}
    >
      <Plot picture={picture} summary={t('plots.waiting_summary', { most: figure(most, 1), at: clock(busiest) })} />
    </Card>
  )
}

/** How long callers waited. */
export function WaitsCard({ day }: { day: DayPlots }) {
  const steps = day.waits
  const names = steps.map(({ over, upto }) => upto === null ? t('plots.above', { over: length(over) }) : `${length(over)}–${length(upto)}`)
  const total = steps.reduce((sum, each) => sum + each.answered + each.abandoned, 0)
  const soon = steps.reduce((sum, each) => sum + ((each.upto ?? Infinity) <= 20 ? each.answered + each.abandoned : 0), 0)
  const picture = useMemo<Picture>(() => ({
    data: [steps.map((_, place) => place), steps.map(each => each.answered + each.abandoned), steps.map(each => each.answered)],
    make: ink => {
      return {
        scales: { x: { time: false, range: [-0.5, steps.length - 0.5] }, y: { range: (_, __, most) => [0, Math.max(5, (most ?? 0) * 1.1)] } },
        cursor: { ...POINTER, points: { show: false } },
        axes: [
          { ...hours(ink), splits: steps.map((_, place) => place), values: () => steps.map(each => clockFace(each.over)) },
          axis(ink),
        ],
        series: [
          {},
          { stroke: 'transparent', fill: ink.bad, ...bars(), points: { show: false } },
          { stroke: 'transparent', fill: ink.good, ...bars(), points: { show: false } },
        ],
      }
    },
    at: place => `${names[place] ?? ''} · ${t('board.answered')} ${figure(steps[place]?.answered ?? 0)} · ${t('board.abandoned')} ${figure(steps[place]?.abandoned ?? 0)}`,
  }), [day, language.value])
  return (
    <Card
      name="waits" title={t('plots.waits')} note={t('plots.waits_note')} empty={total === 0 ? t('plots.no_waits') : null}
      legend={<><Key colour="good" words={t('board.answered')} /><Key colour="bad" words={t('board.abandoned')} /></>}
      words={{
        columns: [t('plots.wait'), t('board.answered'), t('board.abandoned')],
        rows: steps.map((each, place) => [names[place] ?? '', figure(each.answered), figure(each.abandoned)]),
      }}
    >
      <Plot picture={picture} summary={t('plots.waits_summary', { share: percent(soon / Math.max(1, total)), total: figure(total) })} />
    </Card>
  )
}

type Way = { paths?: uPlot.Series.PathBuilder }

function stepped(): Way {
  const paths = uPlot.paths.stepped?.({ align: 1 })
  return paths === undefined ? {} : { paths }
}

function bars(): Way {
  const paths = uPlot.paths.bars?.({ size: [0.7, 90] })
  return paths === undefined ? {} : { paths }
}

function count(value: number | null | undefined): string {
  return value == null ? t('board.none') : figure(value)
}

/** Seconds as `20 s` or `2 min`. */
function length(seconds: number): string {
  return seconds < 60 ? t('plots.s', { count: seconds }) : t('plots.min', { count: seconds / 60 })
}
