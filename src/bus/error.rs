//! The bus's own errors. Every refused payload comes back in its error.

use crate::error::{PublishTimeoutError, StartError};
use crate::event::IdError;
use crate::ring::{MAX_CAPACITY, Sequence, SubscriberId};
use crate::topic::TopicError;
use std::error::Error;
use std::fmt;
use std::io;

/// A payload that was offered with something that breaks a rule.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalid<P, E> {
    /// The refused payload.
    pub payload: P,
    /// What is wrong, and where.
    pub error: E,
}

/// A payload that was offered to a topic whose name breaks the rules.
pub type InvalidTopic<P> = Invalid<P, TopicError>;

/// A payload that was offered with an id that does not fit.
pub type InvalidId<P> = Invalid<P, IdError>;

impl<P, E: fmt::Debug> fmt::Debug for Invalid<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalid").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<P, E: fmt::Display> fmt::Display for Invalid<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// `Error`, predicates, and `Debug` without a bound on the payload, for an enum of these reasons and those that all ways of
/// publishing share.
macro_rules! publish_error {
    ($name:ident { $($variant:ident => $text:literal, $is:ident: $is_doc:literal;)+ }) => {
        impl<P> $name<P> {
            /// The refused payload.
            pub fn into_inner(self) -> P {
                match self {
                    $(Self::$variant(payload) => payload,)+
                    Self::TooLarge(payload) | Self::Filtered(payload) => payload,
                    Self::InvalidTopic(invalid) => invalid.payload,
                    Self::InvalidId(invalid) => invalid.payload,
                }
            }

            $(
                #[doc = $is_doc]
                pub fn $is(&self) -> bool {
                    matches!(self, Self::$variant(_))
                }
            )+

            /// Does the topic's name break the rules?
            pub fn is_invalid_topic(&self) -> bool {
                matches!(self, Self::InvalidTopic(_))
            }

            /// Is the event's id empty or too long?
            pub fn is_invalid_id(&self) -> bool {
                matches!(self, Self::InvalidId(_))
            }

            /// Is the payload too large, or of a size that could not be found?
            pub fn is_too_large(&self) -> bool {
                matches!(self, Self::TooLarge(_))
            }

            /// Did the bus's filter say no?
            pub fn is_filtered(&self) -> bool {
                matches!(self, Self::Filtered(_))
            }
        }

        impl<P> From<Turned<P>> for $name<P> {
            fn from(turned: Turned<P>) -> Self {
                match turned {
                    Turned::InvalidTopic(invalid) => Self::InvalidTopic(invalid),
                    Turned::InvalidId(invalid) => Self::InvalidId(invalid),
                    Turned::TooLarge(payload) => Self::TooLarge(payload),
                    Turned::Filtered(payload) => Self::Filtered(payload),
                }
            }
        }

        impl<P> fmt::Debug for $name<P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_) => f.write_str(concat!(stringify!($variant), "(..)")),)+
                    Self::InvalidTopic(invalid) => invalid.fmt(f),
                    Self::InvalidId(invalid) => invalid.fmt(f),
                    Self::TooLarge(_) => f.write_str("TooLarge(..)"),
                    Self::Filtered(_) => f.write_str("Filtered(..)"),
                }
            }
        }

        impl<P> fmt::Display for $name<P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_) => f.write_str($text),)+
                    Self::InvalidTopic(invalid) => invalid.fmt(f),
                    Self::InvalidId(invalid) => invalid.fmt(f),
                    Self::TooLarge(_) => f.write_str("the payload is larger than the bus allows"),
                    Self::Filtered(_) => f.write_str("the bus's filter turned the event away"),
                }
            }
        }

        impl<P> Error for $name<P> {}
    };
}

/// What a bus refuses before it offers the event to the ring.
pub(super) enum Turned<P> {
    InvalidTopic(InvalidTopic<P>),
    InvalidId(InvalidId<P>),
    TooLarge(P),
    Filtered(P),
}

/// Why a publish refused a payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError<P> {
    /// The bus is closed.
    Closed(P),
    /// There was no room within the time; see [`blocked_by`](Self::blocked_by).
    Timeout(P),
    /// The topic's name breaks the rules. Only publishing by name answers this.
    InvalidTopic(InvalidTopic<P>),
    /// The event's id is empty or too long. Only [`EventBuilder::id`](super::EventBuilder::id) leads to this.
    InvalidId(InvalidId<P>),
    /// The payload is larger than [`max_payload`](super::BusBuilder::max_payload) allows, or its size could not be found.
    TooLarge(P),
    /// The bus's [`filter`](super::BusBuilder::filter) said no, or panicked.
    Filtered(P),
    /// There is no room, and this thread is one of the bus's own: what it would wait for it might itself have to do.
    WouldDeadlock(P),
}

publish_error!(PublishError {
    Closed => "the bus is closed", is_closed: "Is the bus closed?";
    Timeout => "no room within the time", is_timeout: "Was there no room within the time?";
    WouldDeadlock => "no room, and a thread of the bus itself must not wait for it",
        is_would_deadlock: "Was there no room on a thread of the bus itself?";
});

impl<P> PublishError<P> {
    /// The subscription that the publish waited for when its time was over; `None` when that was another publisher. Compare
    /// with [`Subscription::id`](super::Subscription::id).
    ///
    /// Kept beside the error, per thread: it speaks of the latest time-out of the calling thread, so ask on the thread that
    /// published.
    pub fn blocked_by(&self) -> Option<SubscriberId> {
        match self {
            Self::Timeout(_) => PublishTimeoutError::Timeout(()).blocked_by(),
            _ => None,
        }
    }
}

/// Why a publish that does not wait refused a payload.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryPublishError<P> {
    /// There is no room now; see [`ring::TryPublishError::Full`](crate::ring::TryPublishError::Full).
    Full(P),
    /// The bus is closed.
    Closed(P),
    /// The topic's name breaks the rules. Only publishing by name answers this.
    InvalidTopic(InvalidTopic<P>),
    /// The event's id is empty or too long. Only [`EventBuilder::id`](super::EventBuilder::id) leads to this.
    InvalidId(InvalidId<P>),
    /// The payload is larger than [`max_payload`](super::BusBuilder::max_payload) allows, or its size could not be found.
    TooLarge(P),
    /// The bus's [`filter`](super::BusBuilder::filter) said no, or panicked.
    Filtered(P),
}

publish_error!(TryPublishError {
    Full => "the bus is full", is_full: "Was there no room?";
    Closed => "the bus is closed", is_closed: "Is the bus closed?";
});

/// Why a subscription could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The pattern breaks the rules.
    InvalidPattern(TopicError),
    /// The bus does not keep the event to start at.
    Start(StartError),
    /// An [`overflow`](super::SubscriptionBuilder::overflow) of the place in the ring together with a queue, or a
    /// [`queue_overflow`](super::SubscriptionBuilder::queue_overflow) without one; or a queue, or a subscription with one or of
    /// another bus, where [`subscribe_after`](super::SubscriptionBuilder::subscribe_after) is asked for.
    Conflict,
    /// The queue would hold no event, or more than [`MAX_CAPACITY`](crate::ring::MAX_CAPACITY).
    QueueSize {
        /// How many it would hold.
        events: usize,
    },
    /// The system gives no thread for the dispatcher.
    Thread(io::ErrorKind),
    /// A start at a sequence, and a pattern that several [lanes](super::BusBuilder::lane) have topics of: each lane counts for itself.
    AmbiguousStart {
        /// What was asked for.
        sequence: Sequence,
        /// How many rings the pattern reads: lanes, and the one for all other topics.
        lanes: usize,
    },
}

impl SubscribeError {
    /// Does the pattern break the rules?
    pub fn is_invalid_pattern(&self) -> bool {
        matches!(self, Self::InvalidPattern(_))
    }

    /// Is the event to start at not there?
    pub fn is_start(&self) -> bool {
        matches!(self, Self::Start(_))
    }

    /// Do two settings contradict each other?
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }

    /// Is the queue too small or too large?
    pub fn is_queue_size(&self) -> bool {
        matches!(self, Self::QueueSize { .. })
    }

    /// Is it unclear which lane the sequence to start at is of?
    pub fn is_ambiguous_start(&self) -> bool {
        matches!(self, Self::AmbiguousStart { .. })
    }

    /// Is there no thread for the dispatcher?
    pub fn is_thread(&self) -> bool {
        matches!(self, Self::Thread(_))
    }
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPattern(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::Conflict => f.write_str(
                "a queued subscription has a queue_overflow and no overflow, a direct one an overflow and no queue_overflow; subscribe_after takes direct ones of one bus",
            ),
            Self::QueueSize { events } => {
                write!(f, "a queue holds 1 to {MAX_CAPACITY} events; this one would hold {events}")
            }
            Self::AmbiguousStart { sequence, lanes } => write!(
                f,
                "sequence {sequence} of which lane? the pattern reads {lanes} rings, which count for themselves; subscribe to a pattern inside one lane, or start at a time"
            ),
            Self::Thread(kind) => write!(f, "the system gives no thread for the dispatcher: {kind}"),
        }
    }
}

impl Error for SubscribeError {}

impl From<TopicError> for SubscribeError {
    fn from(error: TopicError) -> Self {
        Self::InvalidPattern(error)
    }
}

impl From<StartError> for SubscribeError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}
