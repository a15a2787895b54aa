/** Line icons, drawn for 20 × 20; decorative, so that the words beside them are what is read. */

const PATHS = {
  phone: 'M5 3h3l1.5 4-2 1.4a10 10 0 0 0 4.1 4.1l1.4-2 4 1.5v3a1.6 1.6 0 0 1-1.7 1.6A14 14 0 0 1 3.4 4.7 1.6 1.6 0 0 1 5 3Z',
  branch: 'M3 8l7-4.5L17 8M4.5 8.5v6M8.2 8.5v6M11.8 8.5v6M15.5 8.5v6M3 16.5h14',
  app: 'M6.5 2.5h7a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-13a1 1 0 0 1 1-1ZM9 15h2',
  web: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4ZM2.8 10h14.4M10 2.8c4 4.2 4 10.2 0 14.4M10 2.8c-4 4.2-4 10.2 0 14.4',
  message: 'M3.5 4.5h13v9h-7l-3.5 3v-3H3.5Z',
  shield: 'M10 2.5l6 2.2v4.6c0 3.8-2.5 6.8-6 8.2-3.5-1.4-6-4.4-6-8.2V4.7Z',
  check: 'M10 2.5l6 2.2v4.6c0 3.8-2.5 6.8-6 8.2-3.5-1.4-6-4.4-6-8.2V4.7ZM7.3 10l2 2 3.5-3.8',
  alert: 'M10 3l7.5 13.5h-15ZM10 8.2v3.6M10 14.2v.1',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM10 1.8v1.7M10 16.5v1.7M1.8 10h1.7M16.5 10h1.7M4.2 4.2l1.2 1.2M14.6 14.6l1.2 1.2M4.2 15.8l1.2-1.2M14.6 5.4l1.2-1.2',
  moon: 'M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3Z',
  exit: 'M8 3.5H4.5v13H8M12 6.5l3.5 3.5-3.5 3.5M15.5 10H8',
  chevron: 'M6 8l4 4 4-4',
  cup: 'M4 6.5h9.5v5.8a3.2 3.2 0 0 1-3.2 3.2H7.2A3.2 3.2 0 0 1 4 12.3ZM13.5 8h1.2a2 2 0 0 1 0 4h-1.2M6.5 2.5v1.7M10.5 2.5v1.7',
  headset: 'M3.8 11.5V10a6.2 6.2 0 0 1 12.4 0v1.5M3.8 11h1.8a.8.8 0 0 1 .8.8v3a.8.8 0 0 1-.8.8h-.6a1.2 1.2 0 0 1-1.2-1.2ZM16.2 11h-1.8a.8.8 0 0 0-.8.8v3a.8.8 0 0 0 .8.8h.6a1.2 1.2 0 0 0 1.2-1.2Z',
  person: 'M10 3.2a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8ZM3.5 17a6.5 6.5 0 0 1 13 0',
  globe: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4ZM2.8 10h14.4M10 2.8c4 4.2 4 10.2 0 14.4M10 2.8c-4 4.2-4 10.2 0 14.4',
  close: 'M5 5l10 10M15 5L5 15',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 20 }: { name: IconName, size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
