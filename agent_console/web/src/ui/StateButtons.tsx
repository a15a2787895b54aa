import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { local, t } from '../i18n'
import { becomeAvailable, busy, catalogue, desk, live, pause } from '../state/store'
import { Icon } from './Icon'

/** While a call is at the desk the phone decides; wrap-up has its own panel. */
const CHANGEABLE = new Set(['logged_out', 'available', 'paused'])

export function StateButtons() {
  const { state, reason } = desk.value.status
  const can = live.value && !busy.value && CHANGEABLE.has(state)
  return (
    <div class="state-buttons">
      <button
        type="button"
        class="button"
        data-testid="available"
        aria-pressed={state === 'available'}
        disabled={!can || state === 'available'}
        onClick={becomeAvailable}
      >
        {t('action.available')}
      </button>
      <PauseMenu disabled={!can} paused={state === 'paused'} reason={reason} />
    </div>
  )
}

function PauseMenu({ disabled, paused, reason }: { disabled: boolean, paused: boolean, reason: string }) {
  const open = useSignal(false)
  const place = useRef<HTMLDivElement>(null)
  const items = () => Array.from(place.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])

  useLayoutEffect(() => {
    if (!open.value) return undefined
    items()[0]?.focus()
    const elsewhere = (event: Event) => {
      if (!place.current?.contains(event.target as Node)) open.value = false
    }
    document.addEventListener('pointerdown', elsewhere)
    return () => document.removeEventListener('pointerdown', elsewhere)
  }, [open.value])

  function shut(): void {
    open.value = false
    place.current?.querySelector<HTMLElement>('button')?.focus()
  }

  function key(event: KeyboardEvent): void {
    if (!open.value) return
    const all = items()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      all[(step + all.length) % all.length]?.focus()
    } else if (event.key === 'Escape') {
      shut()
    } else if (event.key === 'Tab') {
      open.value = false
    }
  }

  return (
    <div class="menu-place" ref={place} onKeyDown={key}>
      <button
        type="button"
        class="button"
        data-testid="pause"
        aria-haspopup="menu"
        aria-expanded={open.value}
        disabled={disabled}
        onClick={() => { open.value = !open.value }}
      >
        {t('action.pause')}
        <Icon name="chevron" size={16} />
      </button>
      {open.value && (
        <div class="menu" role="menu" aria-label={t('action.pause_reasons')}>
          {catalogue.value.pause_reasons.map(choice => (
            <button
              type="button"
              role="menuitemradio"
              aria-checked={paused && reason === choice.code}
              tabIndex={-1}
              data-code={choice.code}
              onClick={() => {
                shut()
                pause(choice.code)
              }}
            >
              {local(choice.text)}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
