import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { pauseReason, t } from '../i18n'
import { choosing, movable, take, type Target, targets } from '../state/calls'
import { team } from '../state/day'
import { desk } from '../state/store'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { rowKeys } from './rows'

/** Chooses to whom the call goes, or who is asked: type, arrow, Enter. */
export function TargetDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = choosing.value !== null
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      class="help targets"
      data-testid="targets"
      aria-labelledby="targets-title"
      onClose={() => { choosing.value = null }}
      onClick={event => { if (event.target === dialog.current) choosing.value = null }}
    >
      {open && <Choice />}
    </dialog>
  )
}

function Choice() {
  const words = useSignal('')
  const found = targets(words.value)
  const first = found[0]
  return (
    <div class="help-sheet" onKeyDown={rowKeys}>
      <header class="help-head">
        <h2 id="targets-title">{t(choosing.value === 'consult' ? 'control.consult_whom' : 'control.transfer_whom')}</h2>
        <button type="button" class="icon-button" aria-label={t('help.close')} onClick={() => { choosing.value = null }}><Icon name="close" size={18} /></button>
      </header>
      <form class="search-field" onSubmit={event => { event.preventDefault(); if (first !== undefined && movable.value) void take(first) }}>
        <Icon name="search" size={16} />
        <input type="search" autofocus aria-label={t('control.find')} placeholder={t('control.find')} value={words.value} onInput={event => { words.value = event.currentTarget.value }} />
      </form>
      {team.value.value === null && (team.problem.value === null ? <Reading /> : <Failure resource={team} />)}
      {team.value.value !== null && found.length === 0 && <Nothing icon="search" title={t('control.nobody')} />}
      <ul class="hits target-list">{found.map(each => <Row key={`${each.kind}-${each.id}`} target={each} />)}</ul>
    </div>
  )
}

function Row({ target }: { target: Target }) {
  const line = desk.value.queues.find(each => target.kind === 'queue' && each.queue === target.id)
  return (
    <li>
      <button type="button" data-row data-target={target.id} disabled={!movable.value} onClick={() => void take(target)}>
        <b>{target.name}</b>
        <span>
          {line !== undefined && `${line.waiting} ${t('queues.waiting')} · ${line.available} ${t('queues.available')}`}
          {target.member !== null && `${target.id} · ${t(`state.${target.member.state}`)}${target.member.reason === '' ? '' : ` · ${pauseReason(target.member.reason)}`}`}
        </span>
      </button>
    </li>
  )
}
