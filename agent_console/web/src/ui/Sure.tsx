import { useSignal } from '@preact/signals'

interface SureProps {
  words: string
  sure: string
  run: () => void
  testid: string
  disabled: boolean
}

/** A button that asks once more before it does what cannot be undone. */
export function Sure({ words, sure, run, testid, disabled }: SureProps) {
  const asked = useSignal(false)
  return (
    <button
      type="button"
      class="button small"
      data-testid={testid}
      data-sure={asked.value}
      disabled={disabled}
      onBlur={() => { asked.value = false }}
      onClick={() => {
        if (asked.value) run()
        asked.value = !asked.value
      }}
    >
      {asked.value ? sure : words}
    </button>
  )
}
