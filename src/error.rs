//! Every public error of the engine.
//!
//! One type per operation, one variant per cause. An error of a refused event carries the event: nothing is lost by a
//! failed publish. `Debug`, `Display` and `Error` ask nothing of the event type.

use crate::ring::SubscriberId;
use crate::topic::TopicErrorKind;
use std::cell::Cell;
use std::error::Error;
use std::fmt;

thread_local! {
    static BLOCKED_BY: Cell<Option<SubscriberId>> = const { Cell::new(None) };
}

/// Notes whom the publish of this thread that is about to time out waited for.
pub(crate) fn note_blocked_by(subscriber: Option<SubscriberId>) {
    BLOCKED_BY.set(subscriber);
}

/// `Error`, and `Debug` without a bound on the event, for an enum of tuple variants that carry it.
macro_rules! event_error {
    ($name:ident { $($variant:ident => $text:literal, $is:ident: $is_doc:literal;)+ }) => {
        impl<T> $name<T> {
            /// The refused event.
            pub fn into_inner(self) -> T {
                match self {
                    $(Self::$variant(event) => event,)+
                }
            }
            $(
                #[doc = $is_doc]
                pub fn $is(&self) -> bool {
                    matches!(self, Self::$variant(_))
                }
            )+
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_) => f.write_str(concat!(stringify!($variant), "(..)")),)+
                }
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_) => f.write_str($text),)+
                }
            }
        }

        impl<T> Error for $name<T> {}
    };
}

/// `Error`, `Display` and predicates for an enum without an event.
macro_rules! plain_error {
    ($name:ident { $($pattern:pat => ($($text:tt)+), $is:ident: $is_doc:literal, $test:pat,)+ }) => {
        impl $name {
            $(
                #[doc = $is_doc]
                pub fn $is(&self) -> bool {
                    matches!(self, $test)
                }
            )+
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($pattern => write!(f, $($text)+),)+
                }
            }
        }

        impl Error for $name {}
    };
}

/// Why a ring could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The capacity was 0; a ring holds at least one event.
    ZeroCapacity,
    /// The capacity was above the maximum, or the events would not fit into memory.
    TooLarge {
        /// What was asked for.
        capacity: usize,
        /// The largest capacity for events of this size.
        max: usize,
    },
    /// A [lane](crate::BusBuilder::lane) of the bus was wrong.
    Lane {
        /// Which one, in the order in which they were given; the first is 1.
        number: usize,
        /// What is wrong with it.
        fault: LaneFault,
    },
}

/// What is wrong with a lane of a bus to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaneFault {
    /// Its pattern breaks the rules, as [`TopicError`](crate::TopicError) says it.
    Pattern {
        /// What is wrong.
        kind: TopicErrorKind,
        /// The number of the offending token, the first being 1.
        token: usize,
        /// Where it goes wrong, in characters, the first being 1.
        column: usize,
    },
    /// Its capacity was 0.
    ZeroCapacity,
    /// Its capacity was above the maximum, or the events would not fit into memory.
    TooLarge {
        /// What was asked for.
        capacity: usize,
        /// The largest capacity for events of this size.
        max: usize,
    },
    /// A lane that was given before has all its topics: it has the same pattern, or a wider one.
    Unreachable {
        /// The number of that lane.
        behind: usize,
    },
}

impl fmt::Display for LaneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pattern { kind, token, column } => {
                f.write_str("its pattern: ")?;
                kind.tell(token, column, f)
            }
            Self::ZeroCapacity => BuildError::ZeroCapacity.fmt(f),
            Self::TooLarge { capacity, max } => BuildError::TooLarge { capacity, max }.fmt(f),
            Self::Unreachable { behind } => {
                write!(
                    f,
                    "no topic would reach it, lane {behind} has them all; give the narrower pattern first"
                )
            }
        }
    }
}

plain_error!(BuildError {
    Self::ZeroCapacity => ("capacity 0: a ring holds at least 1 event"),
        is_zero_capacity: "Was the capacity 0?", Self::ZeroCapacity,
    Self::TooLarge { capacity, max } => ("capacity {capacity} is too large: events of this size allow at most {max}"),
        is_too_large: "Was the capacity above the maximum?", Self::TooLarge { .. },
    Self::Lane { number, fault } => ("lane {number}: {fault}"),
        is_lane: "Was a lane of the bus wrong?", Self::Lane { .. },
});

/// Why a subscriber could not start where it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// The sequence is no longer kept.
    TooOld {
        /// What was asked for.
        sequence: u64,
        /// The oldest sequence that a subscriber could start at.
        oldest: u64,
    },
    /// The sequence lies ahead of the next one to be published.
    Ahead {
        /// What was asked for.
        sequence: u64,
        /// The next sequence to be published.
        next: u64,
    },
}

plain_error!(StartError {
    Self::TooOld { sequence, oldest } => ("sequence {sequence} is no longer kept; the oldest is {oldest}"),
        is_too_old: "Is the sequence no longer kept?", Self::TooOld { .. },
    Self::Ahead { sequence, next } => ("sequence {sequence} is not published yet; the next is {next}"),
        is_ahead: "Does the sequence lie ahead?", Self::Ahead { .. },
});

/// Why `publish` refused an event.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError<T> {
    /// The ring is closed.
    Closed(T),
}

event_error!(PublishError {
    Closed => "the ring is closed", is_closed: "Is the ring closed?";
});

/// Why `try_publish` refused an event.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryPublishError<T> {
    /// There is no room now: a blocking subscriber is a full ring behind, or more slots are held by readers' guards than
    /// the ring has spares, or another publisher has not finished a publish a full ring ago.
    Full(T),
    /// The ring is closed.
    Closed(T),
}

event_error!(TryPublishError {
    Full => "the ring is full", is_full: "Was there no room?";
    Closed => "the ring is closed", is_closed: "Is the ring closed?";
});

/// Why `publish_timeout` refused an event.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishTimeoutError<T> {
    /// There was no room within the time; see [`blocked_by`](Self::blocked_by).
    Timeout(T),
    /// The ring is closed.
    Closed(T),
}

event_error!(PublishTimeoutError {
    Timeout => "no room within the time", is_timeout: "Was there no room within the time?";
    Closed => "the ring is closed", is_closed: "Is the ring closed?";
});

impl<T> PublishTimeoutError<T> {
    /// The subscriber that the publish waited for when its time was over; `None` when that was another publisher.
    ///
    /// Kept beside the error, per thread: it speaks of the latest time-out of the calling thread, so ask on the thread that
    /// published.
    pub fn blocked_by(&self) -> Option<SubscriberId> {
        match self {
            Self::Timeout(_) => BLOCKED_BY.get(),
            Self::Closed(_) => None,
        }
    }
}

/// Why a batch stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchRefusal {
    /// There was no room now.
    Full,
    /// There was no room within the time.
    Timeout,
    /// The ring is closed.
    Closed,
}

/// A batch of which not everything was published. Nothing is lost: the rest comes back.
pub struct PublishBatchError<T> {
    pub(crate) published: u64,
    pub(crate) rest: Vec<T>,
    pub(crate) why: BatchRefusal,
    pub(crate) blocked_by: Option<SubscriberId>,
}

impl<T> PublishBatchError<T> {
    /// How many events of the batch were published before it stopped.
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Everything else the iterator had, in order. It was run to its end so that nothing is lost.
    pub fn into_rest(self) -> Vec<T> {
        self.rest
    }

    /// What stopped it.
    pub fn refusal(&self) -> BatchRefusal {
        self.why
    }

    /// Was there no room?
    pub fn is_full(&self) -> bool {
        self.why == BatchRefusal::Full
    }

    /// Was there no room within the time?
    pub fn is_timeout(&self) -> bool {
        self.why == BatchRefusal::Timeout
    }

    /// Is the ring closed?
    pub fn is_closed(&self) -> bool {
        self.why == BatchRefusal::Closed
    }

    /// The subscriber that held the batch up, if one did.
    pub fn blocked_by(&self) -> Option<SubscriberId> {
        self.blocked_by
    }
}

impl<T> fmt::Debug for PublishBatchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishBatchError")
            .field("published", &self.published)
            .field("rest", &self.rest.len())
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PublishBatchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            BatchRefusal::Full => "the ring is full",
            BatchRefusal::Timeout => "no room within the time",
            BatchRefusal::Closed => "the ring is closed",
        };
        write!(f, "{why} after {} events of the batch; {} left", self.published, self.rest.len())
    }
}

impl<T> Error for PublishBatchError<T> {}

/// Why a blocking receive ended without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// This subscriber missed exactly so many events; the next receive goes on from the oldest kept.
    Lagged(u64),
    /// Its own overflow policy removed the subscriber; so many of the events before that it did not get.
    Disconnected(u64),
    /// No more events can ever arrive.
    Closed,
}

plain_error!(RecvError {
    Self::Lagged(n) => ("the subscriber lagged behind and missed {n} events"),
        is_lagged: "Were events missed?", Self::Lagged(_),
    Self::Disconnected(n) => ("the subscriber was a full ring behind and is removed; it missed {n} events"),
        is_disconnected: "Was the subscriber removed by its policy?", Self::Disconnected(_),
    Self::Closed => ("the ring is closed and drained"),
        is_closed: "Can no more events arrive?", Self::Closed,
});

/// Why a receive that does not wait had no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is nothing to read now.
    Empty,
    /// This subscriber missed exactly so many events; the next receive goes on from the oldest kept.
    Lagged(u64),
    /// Its own overflow policy removed the subscriber; so many of the events before that it did not get.
    Disconnected(u64),
    /// No more events can ever arrive.
    Closed,
}

plain_error!(TryRecvError {
    Self::Empty => ("there is nothing to read now"),
        is_empty: "Is there nothing to read now?", Self::Empty,
    Self::Lagged(n) => ("the subscriber lagged behind and missed {n} events"),
        is_lagged: "Were events missed?", Self::Lagged(_),
    Self::Disconnected(n) => ("the subscriber was a full ring behind and is removed; it missed {n} events"),
        is_disconnected: "Was the subscriber removed by its policy?", Self::Disconnected(_),
    Self::Closed => ("the ring is closed and drained"),
        is_closed: "Can no more events arrive?", Self::Closed,
});

/// Why a bounded receive ended without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// Nothing arrived within the time.
    Timeout,
    /// This subscriber missed exactly so many events; the next receive goes on from the oldest kept.
    Lagged(u64),
    /// Its own overflow policy removed the subscriber; so many of the events before that it did not get.
    Disconnected(u64),
    /// No more events can ever arrive.
    Closed,
}

plain_error!(RecvTimeoutError {
    Self::Timeout => ("nothing arrived within the time"),
        is_timeout: "Did nothing arrive within the time?", Self::Timeout,
    Self::Lagged(n) => ("the subscriber lagged behind and missed {n} events"),
        is_lagged: "Were events missed?", Self::Lagged(_),
    Self::Disconnected(n) => ("the subscriber was a full ring behind and is removed; it missed {n} events"),
        is_disconnected: "Was the subscriber removed by its policy?", Self::Disconnected(_),
    Self::Closed => ("the ring is closed and drained"),
        is_closed: "Can no more events arrive?", Self::Closed,
});

impl<T> From<PublishError<T>> for TryPublishError<T> {
    fn from(error: PublishError<T>) -> Self {
        match error {
            PublishError::Closed(event) => Self::Closed(event),
        }
    }
}

impl<T> From<PublishError<T>> for PublishTimeoutError<T> {
    fn from(error: PublishError<T>) -> Self {
        match error {
            PublishError::Closed(event) => Self::Closed(event),
        }
    }
}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(n) => Self::Lagged(n),
            RecvError::Disconnected(n) => Self::Disconnected(n),
            RecvError::Closed => Self::Closed,
        }
    }
}

impl From<RecvTimeoutError> for TryRecvError {
    /// Out of time is empty.
    fn from(error: RecvTimeoutError) -> Self {
        match error {
            RecvTimeoutError::Timeout => Self::Empty,
            RecvTimeoutError::Lagged(n) => Self::Lagged(n),
            RecvTimeoutError::Disconnected(n) => Self::Disconnected(n),
            RecvTimeoutError::Closed => Self::Closed,
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(n) => Self::Lagged(n),
            RecvError::Disconnected(n) => Self::Disconnected(n),
            RecvError::Closed => Self::Closed,
        }
    }
}
