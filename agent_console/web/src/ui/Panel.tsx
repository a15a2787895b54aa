import type { ComponentChildren } from 'preact'

/** The part of a panel that scrolls by itself; the keyboard reaches it. */
export function PanelBody({ label, children }: { label: string, children: ComponentChildren }) {
  return <div class="panel-body" role="group" aria-label={label} tabIndex={0}>{children}</div>
}
