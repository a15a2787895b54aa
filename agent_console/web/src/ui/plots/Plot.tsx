import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { t } from '../../i18n'
import { language, theme } from '../../state/store'
import { wall } from '../../state/wall'

/** The colours of the present theme, which a canvas cannot take from the style sheet by itself. */
export interface Ink {
  readonly ink: string
  readonly faint: string
  readonly line: string
  readonly accent: string
  readonly soft: string
  readonly warn: string
  readonly warnSoft: string
  readonly good: string
  readonly bad: string
  readonly info: string
}

export interface Picture {
  readonly data: uPlot.AlignedData
  readonly make: (ink: Ink) => Omit<uPlot.Options, 'width' | 'height'>
  /** The words for the point under the pointer. */
  readonly at: (place: number) => string
}

/** A table that says what the picture says, for who cannot see it. */
export interface Words {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

interface CardProps {
  name: string
  title: string
  note?: string
  legend?: ComponentChildren
  words: Words
  empty?: string | null
  children: ComponentChildren
}

/** One picture with its title, what it means, and the same as a table. */
export function Card({ name, title, note, legend, words, empty, children }: CardProps) {
  const asTable = useSignal(false)
  const none = empty ?? null
  return (
    <section class="panel plot" aria-label={title} data-testid={`plot-${name}`}>
      <header class="plot-head">
        <h2>{title}</h2>
        {none === null && (
          <button
            type="button" class="button quiet small" aria-pressed={asTable.value} data-testid={`table-${name}`}
            aria-label={`${t(asTable.value ? 'plots.picture' : 'plots.table')} ${title}`} onClick={() => { asTable.value = !asTable.value }}
          >
            {t(asTable.value ? 'plots.picture' : 'plots.table')}
          </button>
        )}
        {note !== undefined && <p>{note}</p>}
      </header>
      {none !== null && <p class="plot-empty">{none}</p>}
      {none === null && asTable.value && <Table title={title} words={words} />}
      {none === null && !asTable.value && <>{legend !== undefined && <div class="plot-legend">{legend}</div>}{children}</>}
    </section>
  )
}

function Table({ title, words }: { title: string, words: Words }) {
  return (
    <div class="plot-table" tabIndex={0} role="group" aria-label={title}>
      <table class="grid">
        <thead><tr>{words.columns.map(each => <th key={each} scope="col">{each}</th>)}</tr></thead>
        <tbody>
          {words.rows.map(([first, ...rest]) => (
            <tr key={first}><th scope="row">{first}</th>{rest.map((each, place) => <td key={place}>{each}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function Key({ colour, words, dashed }: { colour: string, words: string, dashed?: boolean }) {
  return <span class="plot-key" data-colour={colour} data-dashed={dashed}><i />{words}</span>
}

/** A canvas that follows its place's size and the theme; `summary` is read out. */
export function Plot({ picture, summary }: { picture: Picture, summary: string }) {
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<uPlot | null>(null)
  const pointed = useSignal('')
  const latest = useRef(picture)
  latest.current = picture
  const look = `${theme.value} ${wall.value} ${language.value}`
  useEffect(() => {
    const host = place.current
    if (host === null) return undefined
    const size = () => ({ width: Math.max(200, host.clientWidth), height: Math.max(90, host.clientHeight) })
    const options = latest.current.make(inkOf(host))
    const plot = new uPlot({
      ...options,
      ...size(),
      padding: document.documentElement.hasAttribute('data-wall') ? [20, 44, 0, 0] : [10, 18, 0, 0],
      legend: { show: false },
      hooks: {
        ...options.hooks,
        setCursor: [u => { pointed.value = u.cursor.idx == null ? '' : latest.current.at(u.cursor.idx) }],
      },
    }, latest.current.data, host)
    drawn.current = plot
    const watch = new ResizeObserver(() => plot.setSize(size()))
    watch.observe(host)
    return () => {
      watch.disconnect()
      plot.destroy()
      drawn.current = null
    }
  }, [look])
  useEffect(() => { drawn.current?.setData(picture.data) }, [picture.data])
  return (
    <>
      <div class="plot-place" ref={place} role="img" aria-label={summary} />
      <p class="plot-point" aria-hidden="true">{pointed.value || summary}</p>
    </>
  )
}

function inkOf(host: HTMLElement): Ink {
  const style = getComputedStyle(host)
  const of = (name: string) => style.getPropertyValue(name).trim()
  return {
    ink: of('--ink'), faint: of('--ink-faint'), line: of('--line'), accent: of('--accent'), soft: of('--plot-band'),
    warn: of('--plot-warn'), warnSoft: of('--warn-soft'), good: of('--plot-good'), bad: of('--plot-bad'), info: of('--info'),
  }
}

/** Axes as all plots have them: few lines, readable on a wall. */
export function axis(ink: Ink, more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  const large = document.documentElement.hasAttribute('data-wall')
  const size = large ? 24 : 11
  return {
    stroke: ink.faint,
    font: `${size}px system-ui, sans-serif`,
    grid: { stroke: ink.line, width: 1 },
    ticks: { show: false },
    size: large ? 72 : 36,
    gap: large ? 10 : 4,
    space: large ? 110 : 40,
    ...more,
  }
}

/** The axis of the hours of a day. */
export function hours(ink: Ink): uPlot.Axis {
  const large = document.documentElement.hasAttribute('data-wall')
  return axis(ink, {
    grid: { show: false },
    size: large ? 44 : 22,
    splits: u => {
      const every = u.width < 420 || large ? 240 : 180
      return Array.from({ length: 24 * 60 / every + 1 }, (_, n) => n * every)
    },
    values: (_, all) => all.map(clock),
  })
}

/** Minutes after midnight as `09:15`. */
export function clock(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
