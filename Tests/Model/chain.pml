/*
 * A model of the chain: deadlines are claimed and lapse, an answer is heard late and annuls, all is committed, published and confirmed.
 * Checked by spin; ModelTests runs it and its broken variants.
 *
 *   here                in the sources
 *   -----------------   ---------------------------------------------------------------------------------------------------
 *   Deadlines           Store.sweep: one transaction that claims due matters, lets their deadlines lapse and writes the effects
 *   Intake              Store.take: one transaction that locks the matter of a message, folds its log and writes the effects
 *   locked              FOR UPDATE SKIP LOCKED on the matter's row. A sweep passes over what another holds; intake sets its messages
 *                       aside and tries them again, which here is to wait
 *   tier, answered      item.state, as committed: read under the lock, and written back whole. What a transaction holds before its
 *                       commit is in local variables, and gone when the daemon dies
 *   breaches            rows of the table breach, one for each key (the matter and the breach's number); the last counts the revisions
 *                       that annul
 *   entries             rows of item_event for the one message; its key in the table message keeps it to one
 *   ready, ack          the message in its queue. What is not acknowledged is delivered again: when its daemon dies, or only its
 *                       connection to the broker, while the transaction goes on
 *   outbox, Relay       Store.claimOutbox, RelayJob.relay, Store.deleteFromOutbox: an event is published first, and deleted once
 *                       the broker has confirmed it, in the transaction that claimed it
 *   lane                the advisory lock Lock.outboxLane; the model has one lane
 *   the id of a row     coalesce(event_id, 'duban-' || id): given by the insert and kept in the row. What a transaction drew from
 *                       the sequence and did not commit is lost, so `drawn` only grows
 *   dies                kill -9, or the loss of a connection. The server ends the session: its locks are free, its transaction
 *                       never was. The daemon comes back (Worker.work), or stays dead if another lives
 *   Clock, now          duban_now(). A sweep comes when it comes: a tier may find that several deadlines have passed
 *
 * One matter, for matters share nothing but the lanes of the outbox; of it one cycle and one clock, for others differ in the step of a
 * breach only. It is answered after its first deadline and before its second; the message comes at any time after that. So the first
 * breach stands, and the second is annulled if a sweep was there before the message. Deaths are bounded, so that liveness can be asked
 * for: what is due lapses, what was answered counts, and what was committed is published, as long as some daemon lives.
 *
 * Variants that must fail:
 *   -DNO_LOCK                   claims take no lock: a sweep writes back a matter as it was before the answer, or the other way round
 *   -DNO_LOCK -DNO_UNIQUE_KEY   nor are there keys: two daemons write one breach, or take one message twice
 *   -DREAD_BEFORE_LOCK          intake reads the matter, and whether the message was taken, before it has the lock
 *   -DACK_BEFORE_COMMIT         the message is acknowledged before the transaction is sure
 *   -DPUBLISH_BEFORE_COMMIT     the event goes out before the transaction is sure
 *   -DID_AT_PUBLISHING          the event's id is drawn by whoever publishes it
 *   -DDELETE_BEFORE_CONFIRM     the deletion is committed before the broker has the event
 *   -DLOCK_OUTLIVES_DEATH       a claim is a column of the row, and nobody takes it back from the dead
 * Variant that must hold:
 *   -DNO_UNIQUE_KEY             the lock is enough
 */

#define TIERS 2    /* above the last is nobody */
#define KEYS 3     /* of events: the breach at each tier, and the revision that annuls the second */
#define ANNULMENT 2
#define NOBODY 255

/* What the database holds. */
byte tier;            /* how many deadlines have lapsed; TIERS when the chain has ended */
bool answered;        /* nothing lapses any more */
byte locked = NOBODY;
byte breaches[KEYS];  /* rows of each key */
byte entries;         /* of the message in the log */
byte outbox[KEYS];    /* the id of the row that waits; 0 for none */
byte drawn[KEYS];     /* the last id that was drawn for each; only ids of one key are ever compared */
byte lane = NOBODY;

/* What the world knows. */
byte now;
bool ready;           /* the message waits in its queue */
byte published[KEYS]; /* the id under which consumers have the event; 0 while they do not */

#ifndef DEATHS
#define DEATHS 3
#endif
byte deaths = DEATHS; /* that may still come */
bool buried[3];       /* whether a daemon of the kind stays dead: the other lives */

/* The deadline of a tier passes one tick after that of the tier below, whether or not that one has been noticed. */
#define isDue (tier < now && !answered)
#define waits (outbox[0] || outbox[1] || outbox[ANNULMENT])
#define mayDie (deaths > 0)

inline publish(k, id) {
  assert(breaches[k] > 0);                         /* nothing is told that was not committed */
  assert(published[k] == 0 || published[k] == id); /* and each time under one id */
  published[k] = id
}

inline draw(k, id) {
  drawn[k]++;
  id = drawn[k]
}

/* A daemon of a kind dies, and may stay dead if the other of its kind lives. */
inline die(kind) {
  deaths--;
  if
  :: !buried[kind] -> buried[kind] = true; isDead = true
  :: true
  fi
}

active proctype Clock() {
  atomic { now++; ready = true }
  do
  :: now < TIERS -> now++
  :: else -> break
  od
}

active [2] proctype Deadlines() {
  byte t, id;
  bool a, isDead;
end:
  atomic {
#ifdef NO_LOCK
    isDue;
#else
    isDue && locked == NOBODY -> locked = _pid;
#endif
    t = tier;
    a = answered;
    /* The effects are written, and seen by nobody yet. */
    draw(t, id)
  }
#ifdef PUBLISH_BEFORE_COMMIT
  atomic { publish(t, id) }
#endif
  atomic {
    if
    :: /* COMMIT */
#ifndef NO_UNIQUE_KEY
      if
      :: breaches[t] -> goto ended /* 23505: nothing of the transaction stays */
      :: else
      fi;
#endif
      breaches[t]++;
      assert(breaches[t] == 1);
      tier = t + 1;
      answered = a;
      outbox[t] = id
    :: mayDie -> die(0);
#ifdef LOCK_OUTLIVES_DEATH
      t = 0; id = 0; a = false; goto died
#endif
    fi;
ended:
    if :: locked == _pid -> locked = NOBODY :: else fi;
    t = 0; id = 0; a = false;
died:
    skip
  }
  if :: !isDead -> goto end :: else fi
}

active [2] proctype Intake() {
  byte t, id, first;
  bool isTaken, isDead;
end:
  atomic { ready -> ready = false }
#ifdef ACK_BEFORE_COMMIT
#define redeliver skip
#else
#define redeliver ready = true
#endif
#ifdef READ_BEFORE_LOCK
  atomic { t = tier; isTaken = entries > 0 }
#endif
  atomic {
#ifndef NO_LOCK
    locked == NOBODY -> locked = _pid;
#endif
#ifndef READ_BEFORE_LOCK
    t = tier;
    isTaken = entries > 0;
#endif
    /* The fold: the first deadline has lapsed if no sweep has seen it yet, and the second has not. */
    if
    :: !isTaken && t == 0 -> draw(0, first)
    :: !isTaken && t == 2 -> draw(ANNULMENT, id)
    :: else
    fi
  }
  if
  :: atomic { mayDie -> deaths--; redeliver } /* the connection to the broker is lost, and the transaction goes on */
  :: true
  fi;
  atomic {
    if
    :: isTaken /* a duplicate: nothing to commit */
    :: !isTaken -> /* COMMIT */
#ifndef NO_UNIQUE_KEY
      if
      :: entries > 0 || first && breaches[0] -> redeliver; goto ended /* 23505 */
      :: else
      fi;
#endif
      entries++;
      assert(entries == 1);
      if
      :: t == 0 -> breaches[0]++; assert(breaches[0] == 1); outbox[0] = first; tier = 1
      :: t == 1 -> tier = 1
      :: t == 2 -> breaches[ANNULMENT]++; outbox[ANNULMENT] = id; tier = 2
      fi;
      answered = true
    :: mayDie -> redeliver; die(2)
    fi;
ended:
    if :: locked == _pid -> locked = NOBODY :: else fi;
    t = 0; id = 0; first = 0; isTaken = false
  }
  /* The acknowledgement; it may be lost, too. */
  if
  :: atomic { mayDie && !isDead -> deaths--; redeliver }
  :: true
  fi;
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
    :: outbox[ANNULMENT] -> k = ANNULMENT
    fi;
    id = outbox[k];
#ifdef ID_AT_PUBLISHING
    draw(k, id);
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
 * ends: when nothing can move any more, all that fell due has lapsed, the answer counts, and all that was committed is published.
 */
active proctype End() {
end:
  atomic {
    timeout -> assert(!ready && entries == 1 && answered);
    assert(breaches[0]);                              /* a breach that happened is on record */
    assert(!breaches[1] || breaches[ANNULMENT] == 1); /* and none stands that did not */
    assert(!waits && published[0] && (!breaches[1] || published[1] && published[ANNULMENT]))
  }
}
