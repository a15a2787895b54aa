/** Words in the present language; reading one makes the component follow a switch. */

import { catalogue, language } from '../state/store'
import type { Text } from '../state/types'
import { en } from './en'
import { type Key, zh } from './zh'

export type { Key } from './zh'

const WORDS: Readonly<Record<'zh' | 'en', Readonly<Record<Key, string>>>> = { zh, en }

export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const words = WORDS[language.value][key]
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The words of an error; one that this page does not know shows the general text. */
export function errorWords(key: string): string {
  return t(key in zh ? key as Key : 'error.internal')
}

export function local(text: Text): string {
  return text[language.value]
}

/** What this bank calls a queue, topic or menu node; its id if nobody gave it a name. */
export function named(kind: 'queues' | 'reasons' | 'nodes', id: string): string {
  const text = catalogue.value[kind][id]
  return text === undefined ? id : local(text)
}

export function pauseReason(code: string): string {
  const choice = catalogue.value.pause_reasons.find(each => each.code === code)
  // The engine's own reasons cannot be chosen; their words stand with the topics.
  return choice === undefined ? named('reasons', code) : local(choice.text)
}

const CLOCK = { hour: '2-digit', minute: '2-digit' } as const
const FORMS = {
  day: {}, year: { year: 'numeric' }, time: CLOCK, moment: { weekday: 'short', ...CLOCK, hour12: false },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>
/** Each takes a tenth of a millisecond and more to make. */
const made = new Map<string, Intl.DateTimeFormat>()

function dates(form: keyof typeof FORMS): Intl.DateTimeFormat {
  const spoken = language.value
  const key = `${spoken} ${form}`
  const known = made.get(key)
  if (known !== undefined) return known
  const month = form === 'time' ? {} : { day: 'numeric', month: spoken === 'zh' ? 'long' : 'short' } as const
  const format = new Intl.DateTimeFormat(spoken === 'zh' && form !== 'time' ? 'zh-CN' : 'en-GB', { ...month, ...FORMS[form] })
  made.set(key, format)
  return format
}

/** A day as people write it: `3月8日`, `8 Mar`; with the year if it is not this one. */
export function day(seconds: number, nowSeconds: number): string {
  const date = new Date(seconds * 1000)
  const sameYear = date.getFullYear() === new Date(nowSeconds * 1000).getFullYear()
  return dates(sameYear ? 'day' : 'year').format(date)
}

/** `14:05`. */
export function timeOfDay(seconds: number): string {
  return dates('time').format(new Date(seconds * 1000))
}

/** A day with its time: `3月8日 14:05`, `Sun 8 Mar, 14:05`. */
export function moment(seconds: number): string {
  return dates('moment').format(new Date(seconds * 1000))
}

const numbers = new Map<number, Intl.NumberFormat>()

/** A number with its thousands apart. */
export function figure(value: number, digits = 0): string {
  const known = numbers.get(digits) ?? new Intl.NumberFormat('en-GB', { maximumFractionDigits: digits })
  numbers.set(digits, known)
  return known.format(value)
}
