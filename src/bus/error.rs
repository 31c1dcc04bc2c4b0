//! The bus's own errors. Every refused payload comes back in its error.

use crate::error::{PublishTimeoutError, StartError};
use crate::ring::SubscriberId;
use crate::topic::TopicError;
use std::error::Error;
use std::fmt;

/// A payload that was offered to a topic whose name breaks the rules.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTopic<P> {
    /// The refused payload.
    pub payload: P,
    /// What is wrong with the name, and where.
    pub error: TopicError,
}

impl<P> fmt::Debug for InvalidTopic<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidTopic").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<P> fmt::Display for InvalidTopic<P> {
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
}

impl<P> PublishError<P> {
    /// The refused payload.
    pub fn into_inner(self) -> P {
        match self {
            Self::Closed(payload) | Self::Timeout(payload) => payload,
            Self::InvalidTopic(invalid) => invalid.payload,
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
}

impl<P> TryPublishError<P> {
    /// The refused payload.
    pub fn into_inner(self) -> P {
        match self {
            Self::Full(payload) | Self::Closed(payload) => payload,
            Self::InvalidTopic(invalid) => invalid.payload,
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
}

impl<P> fmt::Debug for PublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Timeout(_) => f.write_str("Timeout(..)"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
        }
    }
}

impl<P> fmt::Display for PublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("the bus is closed"),
            Self::Timeout(_) => f.write_str("no room within the time"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
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
        }
    }
}

impl<P> fmt::Display for TryPublishError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the bus is full"),
            Self::Closed(_) => f.write_str("the bus is closed"),
            Self::InvalidTopic(invalid) => invalid.fmt(f),
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
