import type { Work } from '../wire/types.ts'

/**
 * An invitation to serve a session, for the workers of a self-hosted environment. It decides nothing about the session:
 * which calls wait is in the log alone, so a lost item costs an invitation and never a call.
 */
export interface WorkItem {
  readonly id: string
  readonly workspaceId: string
  readonly environmentId: string
  readonly sessionId: string
  readonly state: Work['state']
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: Date
  /** When it was last given to a poller; null before the first. */
  readonly polledAt: Date | null
  readonly acknowledgedAt: Date | null
  readonly startedAt: Date | null
  /** To the millisecond, and later than the one before it: what the next heartbeat has to name. */
  readonly latestHeartbeatAt: Date | null
  /** Until when its worker holds it; null while nobody does. */
  readonly leaseUntil: Date | null
  readonly stopRequestedAt: Date | null
  readonly stoppedAt: Date | null
  /** Who asked first that it stop: its worker, whoever runs the environment, or the server, that had nothing left to do. */
  readonly stoppedBy: WorkStopper | null
  /** 1, and one more whenever a worker lost it or it had to be made anew for calls that its worker left open. */
  readonly attempt: number
}

export type WorkStopper = 'worker' | 'operator' | 'server'

export interface WorkKey {
  readonly environmentId: string
  readonly id: string
}

export interface WorkInvitation {
  readonly sessionId: string
  /** For the item, if one is made. */
  readonly id: string
  /** Milliseconds during which nobody is given it; 0 when left out. */
  readonly afterMs?: number
  /** 1 when left out. */
  readonly attempt?: number
}

export interface WorkClaim {
  /** Items given out longer ago than this without an acknowledgement are given out again. Milliseconds. */
  readonly reclaimMs: number
  /** Of the secret that opens the item's session from now on. */
  readonly token: { readonly secret: string; readonly keyId: string }
}

/** Who speaks for an item: a token knows which try of the item it was given out for, a key does not. */
export interface WorkHolder {
  readonly attempt?: number
}

export interface Heartbeat extends WorkHolder {
  /** The heartbeat that the worker saw last, as it was told; `NO_HEARTBEAT` before the first; absent: whatever it is. */
  readonly expected?: string
  /** Of the lease from now on. */
  readonly ttlMs: number
  /** A request sent again because its answer was lost: it may find that it was carried out. */
  readonly isRetry: boolean
}

export interface Acknowledgement extends WorkHolder {
  /** As in {@link Heartbeat}. */
  readonly isRetry: boolean
  /** The client says that it sends it again, after an answer that may not have been the queue's. */
  readonly saysRetry?: boolean
}

export interface WorkStop extends WorkHolder {
  /** At once; without it the item's worker is asked by its next heartbeat. */
  readonly force: boolean
  readonly by: WorkStopper
}

/** Null is a missing item; one of another environment is missing too. */
export type WorkOutcome = { readonly item: WorkItem; readonly done: boolean } | null

export interface WorkListing {
  readonly limit: number
  readonly from?: { readonly createdAt: Date; readonly id: string }
}

export interface WorkStats {
  /** Waiting to be given out, those included whose worker is gone; not what nobody would be given by now. */
  readonly depth: number
  /** Given out and not acknowledged yet. */
  readonly pending: number
  /** Of both. */
  readonly oldestQueuedAt: Date | null
  /** Different names of workers that polled in the last 30 s. */
  readonly workersPolling: number
}

/** Whom a token's secret names. */
export interface WorkToken {
  readonly workspaceId: string
  readonly environmentId: string
  readonly sessionId: string
  readonly workId: string
  /** Of the environment key that polled. */
  readonly keyId: string
  readonly attempt: number
}

/** A session that may wait for a worker without an invitation. */
export interface Unstaffed {
  readonly sessionId: string
  /** Its newest item, which is stopped; null where it has none, as after a restored backup. */
  readonly item: WorkItem | null
}

/**
 * The work queue of self-hosted environments. All times are the store's own clock, so that two processes with two clocks
 * never fight over a lease.
 */
export interface WorkQueue {
  /**
   * Invites a worker to a session. One invitation stands at a time: while a session has an item that is not stopping or
   * stopped this makes none, and only lets one that still waits for its time be given out with the new one. A new item
   * beside one that is stopping is given out once that is over. Null when nothing came of it: the session is there
   * invited already, has ended, was deleted, or its environment is not self-hosted.
   */
  enqueue(invitation: WorkInvitation): Promise<WorkItem | null>
  /**
   * Gives the oldest item that may be given out to this caller alone, those of sessions to which nothing has come yet last;
   * null when there is none.
   */
  claim(environmentId: string, claim: WorkClaim): Promise<WorkItem | null>
  /** Notes that a worker polls. */
  polled(environmentId: string, worker: string): Promise<void>
  /** Takes an item that was given out; taking it again does nothing. Not done when it was not, or somebody else has it. */
  ack(key: WorkKey, acknowledgement: Acknowledgement): Promise<WorkOutcome>
  /** Extends the lease. Not done when the expected heartbeat is not the stored one; an item that stops compares none. */
  beat(key: WorkKey, heartbeat: Heartbeat): Promise<WorkOutcome>
  /** Not done when it was stopped already, or is another worker's by now. */
  stop(key: WorkKey, stop: WorkStop): Promise<WorkOutcome>
  /** Stops all items of a session that has ended; workers that hold one are asked. */
  endOf(sessionId: string): Promise<void>
  read(key: WorkKey): Promise<WorkItem | null>
  /** Newest first. */
  list(environmentId: string, listing: WorkListing): Promise<readonly WorkItem[]>
  /** Updates of one item happen one after the other; what `change` throws is thrown here. Null for a missing item. */
  update(key: WorkKey, change: (metadata: WorkItem['metadata']) => WorkItem['metadata']): Promise<WorkItem | null>
  stats(environmentId: string): Promise<WorkStats>
  /**
   * Whom a secret names, or null: one of an item that was stopped a while ago, of a deleted session, or that a key polled
   * which was revoked since opens nothing.
   */
  verifyToken(secret: string): Promise<WorkToken | null>
  /**
   * Sessions to look at, some of them at a time: their last item was stopped by its worker or the server, of which neither
   * knows what came at the same moment. What an operator has stopped is left so.
   */
  worthALook(limit: number): Promise<readonly Unstaffed[]>
  /** Those that have no item, some of them at a time. It goes through all sessions: for now and then. */
  uninvited(limit: number): Promise<readonly Unstaffed[]>
  /** Notes that nothing is left to do about an item: nobody has to look at its session again on its account. */
  settle(id: string): Promise<void>
  /** Ends what stops longer than its lease and items of sessions that have ended, and forgets tokens and pollers. */
  tidy(): Promise<void>
  /** Forgets items that nobody asks for any more. It goes through all that were stopped: for now and then. */
  forget(): Promise<void>
}
