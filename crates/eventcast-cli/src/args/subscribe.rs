//! A subscriber as it is described on the command line: `PATTERN[:block|lag|queue:N[:OVERFLOW]] [where FILTER]`.

use super::duration;
use crate::filter::Filter;
use eventcast::ring::MAX_CAPACITY;
use eventcast::{Overflow, QueueOverflow, TopicPattern};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// One subscriber: which topics and events, and what happens when it is too slow.
#[derive(Clone, Debug)]
pub(crate) struct Subscribe {
    pub(crate) pattern: TopicPattern,
    pub(crate) mode: Mode,
    pub(crate) filter: Option<Arc<Filter>>,
}

/// Where it reads, and what happens there when it is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Direct(Overflow),
    Queue { events: usize, overflow: QueueOverflow },
}

impl FromStr for Subscribe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // No pattern has a blank.
        let (place, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let filter = match rest.trim_start() {
            "" => None,
            rest => match rest.strip_prefix("where").filter(|filter| filter.starts_with([' ', '\t'])) {
                Some(filter) => Some(Arc::new(filter.trim().parse()?)),
                None => {
                    return Err(format!("{rest:?} after the blank is no `where FILTER`"));
                }
            },
        };
        let (pattern, mode) = mode(place)?;
        let pattern = pattern.parse().map_err(|error: eventcast::TopicError| error.to_string())?;
        Ok(Self { pattern, mode, filter })
    }
}

fn mode(place: &str) -> Result<(&str, Mode), String> {
    if let Some((pattern, queue)) = place.rsplit_once(":queue:") {
        return Ok((pattern, self::queue(queue)?));
    }
    match place.rsplit_once(':') {
        None => Ok((place, Mode::Direct(Overflow::Block))),
        Some((pattern, "block")) => Ok((pattern, Mode::Direct(Overflow::Block))),
        Some((pattern, "lag")) => Ok((pattern, Mode::Direct(Overflow::Lag))),
        Some((_, other)) => Err(format!(
            "{other:?} after the last ':' is neither block nor lag nor queue:N (a pattern that has a ':' needs one of them)"
        )),
    }
}

/// What stands after `queue:`.
fn queue(text: &str) -> Result<Mode, String> {
    let (events, overflow) = text.split_once(':').unwrap_or((text, "drop-oldest"));
    let events = events
        .parse()
        .ok()
        .filter(|events| (1..=MAX_CAPACITY).contains(events))
        .ok_or_else(|| format!("{events:?} after queue: is no number of events, 1 to {MAX_CAPACITY}"))?;
    let overflow = match overflow.split_once(':') {
        None => match overflow {
            "drop-oldest" => QueueOverflow::DropOldest,
            "drop-newest" => QueueOverflow::DropNewest,
            "disconnect" => QueueOverflow::Disconnect,
            "block" => QueueOverflow::Block { within: Duration::MAX },
            other => {
                return Err(format!(
                    "{other:?} is no overflow of a queue: drop-oldest, drop-newest, disconnect, block or block:DURATION"
                ));
            }
        },
        Some(("block", within)) => QueueOverflow::Block { within: duration::read(within)? },
        Some((other, _)) => {
            return Err(format!("{other:?} is followed by a ':'; of the overflows of a queue only block is"));
        }
    };
    Ok(Mode::Queue { events, overflow })
}

impl Mode {
    /// Does everything reach it, however slow it is?
    pub(crate) fn is_lossless(self) -> bool {
        match self {
            Self::Direct(overflow) => overflow == Overflow::Block,
            Self::Queue { overflow, .. } => overflow == QueueOverflow::Block { within: Duration::MAX },
        }
    }

    /// What happens when it is too slow, in the words of the command line.
    pub(crate) fn overflow(self) -> String {
        match self {
            Self::Direct(Overflow::Block) => "block".to_owned(),
            Self::Direct(_) => "lag".to_owned(),
            Self::Queue { overflow, .. } => match overflow {
                QueueOverflow::DropNewest => "drop-newest".to_owned(),
                QueueOverflow::Disconnect => "disconnect".to_owned(),
                QueueOverflow::Block { within: Duration::MAX } => "block".to_owned(),
                QueueOverflow::Block { within } => format!("block:{within:?}"),
                _ => "drop-oldest".to_owned(),
            },
        }
    }

    /// How many events its queue holds.
    pub(crate) fn queue(self) -> Option<usize> {
        match self {
            Self::Direct(_) => None,
            Self::Queue { events, .. } => Some(events),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.queue() {
            Some(events) => write!(f, "queue {events}, {}", self.overflow()),
            None => f.write_str(&self.overflow()),
        }
    }
}

impl Subscribe {
    pub(crate) fn direct(pattern: TopicPattern, overflow: Overflow) -> Self {
        Self { pattern, mode: Mode::Direct(overflow), filter: None }
    }

    /// Its topics, and its filter if it has one.
    pub(crate) fn wants(&self) -> String {
        match &self.filter {
            Some(filter) => format!("{} where {filter}", self.pattern),
            None => self.pattern.to_string(),
        }
    }
}

impl fmt::Display for Subscribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.wants(), self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Subscribe, String> {
        text.parse()
    }

    #[track_caller]
    fn fails(text: &str, message: &str) {
        let error = read(text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn direct_subscribers_are_read() {
        assert_eq!(read("a.*").unwrap().mode, Mode::Direct(Overflow::Block));
        assert_eq!(read("a.*:block").unwrap().mode, Mode::Direct(Overflow::Block));
        let lag = read("a:b.>:lag").unwrap();
        assert_eq!((lag.pattern.as_str(), lag.mode), ("a:b.>", Mode::Direct(Overflow::Lag)));
        fails("a.*:lagg", "\"lagg\"");
        fails("a..b:lag", "token 2 is empty");
        assert!(read(":lag").is_err());
    }

    #[test]
    fn queued_subscribers_are_read() {
        let second = Duration::from_millis(1500);
        for (text, overflow, shown) in [
            ("a:queue:7", QueueOverflow::DropOldest, "a (queue 7, drop-oldest)"),
            ("a:queue:7:drop-oldest", QueueOverflow::DropOldest, "a (queue 7, drop-oldest)"),
            ("a:queue:7:drop-newest", QueueOverflow::DropNewest, "a (queue 7, drop-newest)"),
            ("a:queue:7:disconnect", QueueOverflow::Disconnect, "a (queue 7, disconnect)"),
            ("a:queue:7:block", QueueOverflow::Block { within: Duration::MAX }, "a (queue 7, block)"),
            ("a:queue:7:block:1.5s", QueueOverflow::Block { within: second }, "a (queue 7, block:1.5s)"),
        ] {
            let subscribe = read(text).unwrap();
            assert_eq!(subscribe.mode, Mode::Queue { events: 7, overflow });
            assert_eq!(subscribe.to_string(), shown);
            assert_eq!(subscribe.mode.is_lossless(), text.ends_with(":block"));
        }
        assert_eq!(read("a:b:queue:7").unwrap().pattern.as_str(), "a:b");
        fails("a:queue:0", "\"0\" after queue: is no number of events, 1 to 16777216");
        fails("a:queue:16777217", "is no number of events");
        fails("a:queue:many:block", "\"many\" after queue:");
        fails("a:queue:", "\"\" after queue:");
        fails("a:queue", "\"queue\" after the last ':'");
        fails("a:queue:7:lag", "\"lag\" is no overflow of a queue");
        fails("a:queue:7:block:soon", "\"soon\" is no duration");
        fails("a:queue:7:drop-oldest:1s", "only block is");
    }

    #[test]
    fn filters_stand_after_where() {
        let subscribe = read("a.*:queue:7  where x>=1 && y exists").unwrap();
        assert_eq!(subscribe.to_string(), "a.* where x>=1 && y exists (queue 7, drop-oldest)");
        assert!(read("a ").unwrap().filter.is_none());
        fails("a when x==1", "\"when x==1\" after the blank");
        fails("a wherex==1", "after the blank");
        fails("a where", "after the blank");
        fails("a where x=1", "filter, column 2");
    }
}
