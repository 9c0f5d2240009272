/** Names that stand in every history. Never renamed without a patch marker and a recorded history. */
export const EVENTS_SIGNAL = 'events'

/** The memo's keys: the decisions of one flush, and the readable snapshot beside them. */
export const LOG_MEMO = 'log'
export const SESSION_MEMO = 'session'

/** Reason given when a deleted session is terminated: readers tell it from other terminations by it. */
export const DELETED_REASON = 'deleted'
