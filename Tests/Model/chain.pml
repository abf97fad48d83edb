/*
 * A model of the chain: claim, escalate, commit, publish, confirm. Checked by spin; ModelTests runs it and its broken variants.
 *
 *   here                in the sources
 *   -----------------   ---------------------------------------------------------------------------------------------------
 *   Deadlines           DeadlineJob.handleBatch: one transaction that claims, wakes the machine and writes its effects
 *   locked              FOR UPDATE SKIP LOCKED in Store.claimDueItems
 *   tier, breaches      the columns of item and the primary key of breach, as committed. What a transaction holds before its
 *                       commit is in local variables, and gone when the daemon dies
 *   outbox, Relay       Store.claimOutbox, RelayJob.relay, Store.deleteFromOutbox: an event is published first, and deleted once
 *                       the broker has confirmed it, in the transaction that claimed it
 *   lane                the advisory lock of Outbox.lockClass; the model has one lane
 *   the id of a row     coalesce(event_id, 'duban-' || id): given by the insert and kept in the row. What a transaction drew from
 *                       the sequence and did not commit is lost, so `drawn` only grows
 *   dies                kill -9, or the loss of a connection. The server ends the session: its locks are free, its transaction
 *                       never was. The daemon comes back (Worker.work), or stays dead if another lives
 *   Clock, now          duban_now(). A sweep comes when it comes: a tier may find that several deadlines have passed
 *
 * Of each item one cycle and one clock: others differ in the key of breach only. Deaths are bounded, so that liveness can be asked
 * for: what is due is escalated, and what was committed is published, as long as some daemon lives.
 *
 * Variants that must fail:
 *   -DNO_LOCK -DNO_UNIQUE_KEY   claims take no lock, and breach has no key: two daemons write one breach
 *   -DPUBLISH_BEFORE_COMMIT     the event goes out before the transaction is sure
 *   -DID_AT_PUBLISHING          the event's id is drawn by whoever publishes it
 *   -DDELETE_BEFORE_CONFIRM     the deletion is committed before the broker has the event
 *   -DLOCK_OUTLIVES_DEATH       a claim is a column of the row, and nobody takes it back from the dead
 * Variants that must hold:
 *   -DNO_LOCK                   the key of breach is a wall of its own
 *   -DNO_UNIQUE_KEY             so is the lock
 */

#define ITEMS 2
#define TIERS 2 /* above the last is nobody */
#define KEYS 4  /* of breach: each item at each tier */
#define key(i, t) ((i) * TIERS + (t))
#define NOBODY 255

/* What the database holds. */
byte tier[ITEMS];     /* who holds the item; TIERS when its chain has ended */
byte locked[ITEMS] = NOBODY;
byte breaches[KEYS];  /* rows of each key */
byte outbox[KEYS];    /* the id of the row that waits; 0 for none */
byte drawn[KEYS];     /* the last id that was drawn for each; only ids of one key are ever compared */
byte lane = NOBODY;

/* What the world knows. */
byte now;
byte published[KEYS]; /* the id under which consumers have the event; 0 while they do not */

#ifndef DEATHS
#define DEATHS 2
#endif
byte deaths = DEATHS; /* that may still come */
bool buried[2];       /* whether a daemon of the kind stays dead: the other lives */

/* The deadline of a tier passes one tick after that of the tier below, whether or not that one has been noticed. */
#define isDue(i) (tier[i] < now)
#define waits (outbox[0] || outbox[1] || outbox[2] || outbox[3])

inline publish(k, id) {
  assert(breaches[k] > 0);                         /* nothing is told that was not committed */
  assert(published[k] == 0 || published[k] == id); /* and each time under one id */
  published[k] = id
}

active proctype Clock() {
  do
  :: now < TIERS -> now++
  :: else -> break
  od
}

#define mayDie (deaths > 0)

active [2] proctype Deadlines() {
  byte i, t, id;
  bool isDead;
end:
  atomic {
    if
#ifdef NO_LOCK
    :: isDue(0) -> i = 0
    :: isDue(1) -> i = 1
#else
    :: isDue(0) && locked[0] == NOBODY -> i = 0; locked[0] = _pid
    :: isDue(1) && locked[1] == NOBODY -> i = 1; locked[1] = _pid
#endif
    fi;
    t = tier[i];
    /* The effects are written, and seen by nobody yet. */
    drawn[key(i, t)]++;
    id = drawn[key(i, t)]
  }
#ifdef PUBLISH_BEFORE_COMMIT
  atomic { publish(key(i, t), id) }
#endif
  atomic {
    if
    :: /* COMMIT */
#ifndef NO_UNIQUE_KEY
      if
      :: breaches[key(i, t)] -> goto ended /* 23505: nothing of the transaction stays */
      :: else
      fi;
#endif
      breaches[key(i, t)]++;
      assert(breaches[key(i, t)] == 1);
      tier[i] = t + 1;
      outbox[key(i, t)] = id
    :: mayDie -> deaths--;
      if
      :: !buried[0] -> buried[0] = true; isDead = true
      :: true
      fi;
#ifdef LOCK_OUTLIVES_DEATH
      i = 0; t = 0; id = 0; goto died
#endif
    fi;
ended:
    if :: locked[i] == _pid -> locked[i] = NOBODY :: else fi;
    i = 0; t = 0; id = 0;
died:
    skip
  }
  if :: !isDead -> goto end :: else fi
}

active [2] proctype Relay() {
  byte k, id;
  bool isDead;
end:
  atomic {
    lane == NOBODY && waits -> lane = _pid;
    if
    :: outbox[0] -> k = 0
    :: outbox[1] -> k = 1
    :: outbox[2] -> k = 2
    :: outbox[3] -> k = 3
    fi;
    id = outbox[k];
#ifdef ID_AT_PUBLISHING
    drawn[k]++;
    id = drawn[k];
#endif
#ifdef DELETE_BEFORE_CONFIRM
    outbox[k] = 0
#endif
  }
  atomic {
    if
    :: publish(k, id) /* the broker confirms */
    :: mayDie -> deaths--; goto died
    fi
  }
  atomic {
    if
    :: outbox[k] = 0; goto ended /* COMMIT of the deletion */
    :: mayDie -> deaths-- /* in between: the event goes out again */
    fi;
died:
    if
    :: !buried[1] -> buried[1] = true; isDead = true
    :: true
    fi;
ended:
    lane = NOBODY; k = 0; id = 0
  }
  if :: !isDead -> goto end :: else fi
}

/*
 * Every run ends: work and deaths are bounded, and no daemon turns in a circle (pan -l finds none). So liveness is a matter of the
 * ends: when nothing can move any more, all that fell due has climbed to the end, and all that was committed is published.
 */
active proctype End() {
end:
  atomic {
    timeout -> assert(breaches[0] && breaches[1] && breaches[2] && breaches[3]);
    assert(published[0] && published[1] && published[2] && published[3] && !waits)
  }
}
