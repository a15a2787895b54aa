/** Names for parts of the generated types. */

import type { Me, Pop } from '../wire/messages.gen'

export type { Catalogue, Text } from '../wire/messages.gen'
export type Language = Me['language']
export type Verified = Pop['verified']
/** `error.<code>`; codes that this page does not know show a general text. */
export type ErrorKey = string
