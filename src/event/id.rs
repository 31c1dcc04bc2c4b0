//! What tells events apart.

use crate::ring::Sequence;
use std::error::Error;
use std::fmt;

/// What tells an event from every other: 64 random bits of its bus and its sequence, unless its publisher gave it an id of up
/// to [`MAX_LEN`](Self::MAX_LEN) bytes.
///
/// Its own prints as sixteen hexadecimal digits, a dash and the sequence; a given one as it was given.
///
/// # Examples
/// ```
/// # let bus = eventcast::Bus::<u32>::builder().build()?;
/// # let mut sub = bus.subscribe(">")?;
/// bus.publish("tick", 1)?;
/// bus.event("tick").id("order-7").publish(2)?;
/// assert!(sub.recv()?.id().to_string().ends_with("-0"));
/// assert_eq!(sub.recv()?.id().to_string(), "order-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Kind);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Own {
        bus: u64,
        sequence: Sequence,
    },
    /// Bytes beyond the length are 0.
    Given {
        bytes: [u8; EventId::MAX_LEN],
        len: u8,
    },
}

impl EventId {
    /// The longest id that a publisher can give, in bytes: a UUID in any spelling fits.
    pub const MAX_LEN: usize = 63;

    pub(super) fn own(bus: u64, sequence: Sequence) -> Self {
        Self(Kind::Own { bus, sequence })
    }

    pub(crate) fn given(id: &str) -> Result<Self, IdError> {
        if id.is_empty() || id.len() > Self::MAX_LEN {
            return Err(IdError { len: id.len() });
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..id.len()].copy_from_slice(id.as_bytes());
        Ok(Self(Kind::Given { bytes, len: id.len() as u8 }))
    }

    /// Did the publisher give it?
    pub fn is_given(&self) -> bool {
        matches!(self.0, Kind::Given { .. })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Own { bus, sequence } => write!(f, "{bus:016x}-{sequence}"),
            Kind::Given { bytes, len } => {
                f.pad(std::str::from_utf8(&bytes[..usize::from(*len)]).expect("it was given as a text"))
            }
        }
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

/// An id that is empty or longer than [`EventId::MAX_LEN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    len: usize,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            0 => f.write_str("an event's id is empty; leave it out to get one"),
            len => write!(f, "an event's id has {len} bytes; at most {} fit", EventId::MAX_LEN),
        }
    }
}

impl Error for IdError {}
