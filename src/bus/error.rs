//! The bus's own errors. Every refused payload comes back in its error.

use crate::error::{PublishTimeoutError, StartError};
use crate::event::IdError;
use crate::ring::SubscriberId;
use crate::topic::TopicError;
use std::error::Error;
use std::fmt;

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
}

impl<P> PublishError<P> {
    /// The refused payload.
    pub fn into_inner(self) -> P {
        match self {
            Self::Closed(payload)
            | Self::Timeout(payload)
            | Self::TooLarge(payload)
            | Self::Filtered(payload) => payload,
            Self::InvalidTopic(invalid) => invalid.payload,
            Self::InvalidId(invalid) => invalid.payload,
        }
    }

    /// Is the bus closed?
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Was there no room within the time?
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

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

impl<P> TryPublishError<P> {
    /// The refused payload.
    pub fn into_inner(self) -> P {
        match self {
            Self::Full(payload)
            | Self::Closed(payload)
            | Self::TooLarge(payload)
            | Self::Filtered(payload) => payload,
            Self::InvalidTopic(invalid) => invalid.payload,
            Self::InvalidId(invalid) => invalid.payload,
        }
    }

    /// Was there no room?
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Is the bus closed?
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

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

impl<P> fmt::Debug for PublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Timeout(_) => f.write_str("Timeout(..)"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
            Self::InvalidId(invalid) => invalid.fmt(f),
            Self::TooLarge(_) => f.write_str("TooLarge(..)"),
            Self::Filtered(_) => f.write_str("Filtered(..)"),
        }
    }
}

impl<P> fmt::Display for PublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("the bus is closed"),
            Self::Timeout(_) => f.write_str("no room within the time"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
            Self::InvalidId(invalid) => invalid.fmt(f),
            Self::TooLarge(_) => f.write_str("the payload is larger than the bus allows"),
            Self::Filtered(_) => f.write_str("the bus's filter turned the event away"),
        }
    }
}

impl<P> Error for PublishError<P> {}

impl<P> fmt::Debug for TryPublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
            Self::InvalidId(invalid) => invalid.fmt(f),
            Self::TooLarge(_) => f.write_str("TooLarge(..)"),
            Self::Filtered(_) => f.write_str("Filtered(..)"),
        }
    }
}

impl<P> fmt::Display for TryPublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the bus is full"),
            Self::Closed(_) => f.write_str("the bus is closed"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
            Self::InvalidId(invalid) => invalid.fmt(f),
            Self::TooLarge(_) => f.write_str("the payload is larger than the bus allows"),
            Self::Filtered(_) => f.write_str("the bus's filter turned the event away"),
        }
    }
}

impl<P> Error for TryPublishError<P> {}

/// Why a subscription could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The pattern breaks the rules.
    InvalidPattern(TopicError),
    /// The bus does not keep the event to start at.
    Start(StartError),
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
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPattern(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
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
