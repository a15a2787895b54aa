import { local, t } from '../i18n'
import { likes, toggleFavourite } from '../state/preferences'
import type { Disposition } from '../wire/messages.gen'
import { Icon } from './Icon'

interface ChoicesProps {
  title: string
  /** Names the group among those of one call. */
  place: string
  choices: readonly Disposition[]
  callId: string
  chosen: string
  disabled: boolean
  choose: (code: string) => void
}

/** One group of outcomes; each can be made a favourite. */
export function Choices({ title, place, choices, callId, chosen, disabled, choose }: ChoicesProps) {
  return (
    <fieldset class="choices" data-group={place}>
      <legend>{title}</legend>
      {choices.map(each => (
        <div class="choice" key={each.code}>
          <label>
            <input
              type="radio"
              name={`outcome-${callId}`}
              value={each.code}
              checked={chosen === each.code}
              disabled={disabled}
              onChange={() => choose(each.code)}
            />
            <span>{local(each.text)}</span>
          </label>
          <Favour code={each.code} name={local(each.text)} />
        </div>
      ))}
    </fieldset>
  )
}

function Favour({ code, name }: { code: string, name: string }) {
  const liked = likes.value.favourites.includes(code)
  const words = t(liked ? 'outcome.unfavour' : 'outcome.favour', { name })
  return (
    <button type="button" class="favour" aria-pressed={liked} aria-label={words} title={words} onClick={() => toggleFavourite(code)}>
      <Icon name="star" size={14} />
    </button>
  )
}
