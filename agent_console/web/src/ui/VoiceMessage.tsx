import { t } from '../i18n'
import { heard, seek, toggle } from '../state/voice'
import { clockFace } from '../state/time'
import type { FollowUpLine } from '../wire/messages.gen'
import { Icon } from './Icon'

/** What the caller said after the tone: play, pause, and go to any second of it. */
export function VoiceMessage({ line, seconds }: { line: FollowUpLine, seconds: number }) {
  const mine = heard.value?.followUpId === line.follow_up_id ? heard.value : null
  const playing = mine?.playing === true
  const words = t(playing ? 'voice.pause' : 'voice.play')
  const at = mine?.at ?? 0
  return (
    <span class="voice" data-testid="voice" data-playing={playing}>
      <button type="button" class="button small" data-testid="voice-play" aria-label={`${words}: ${line.caller === '' ? line.text : line.caller}`} onClick={() => toggle(line)}>
        <Icon name={playing ? 'pause' : 'play'} size={14} />{words}
      </button>
      {mine !== null && !mine.failed && (
        <input
          type="range"
          min={0}
          max={seconds}
          step={0.1}
          value={at}
          aria-label={t('voice.place')}
          aria-valuetext={t('voice.at', { at: clockFace(at), of: clockFace(seconds) })}
          onInput={event => seek(Number(event.currentTarget.value))}
        />
      )}
      {mine?.failed === true
        ? <em role="alert">{t('voice.failed')}</em>
        : <span class="clock">{mine === null ? clockFace(seconds) : `${clockFace(at)} / ${clockFace(seconds)}`}</span>}
    </span>
  )
}
