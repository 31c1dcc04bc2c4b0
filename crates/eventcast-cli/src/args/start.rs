//! Where subscribers start that join late.

use eventcast::{Sequence, Start};
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StartAt {
    #[default]
    Now,
    Oldest,
    Sequence(Sequence),
}

impl FromStr for StartAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "now" => Ok(Self::Now),
            None if text == "oldest" => Ok(Self::Oldest),
            Some(("sequence", number)) => {
                let number =
                    number.parse().map_err(|_| format!("{number:?} is no sequence; the first is 0"))?;
                Ok(Self::Sequence(number))
            }
            _ => Err(format!("{text:?} is neither now, oldest nor sequence:N")),
        }
    }
}

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Oldest => f.write_str("oldest"),
            Self::Sequence(sequence) => write!(f, "sequence:{sequence}"),
        }
    }
}

impl From<StartAt> for Start {
    fn from(start: StartAt) -> Self {
        match start {
            StartAt::Now => Self::Now,
            StartAt::Oldest => Self::Oldest,
            StartAt::Sequence(sequence) => Self::Sequence(sequence),
        }
    }
}

impl StartAt {
    /// Can a subscriber start there after `published` events, of which `capacity` are kept?
    pub(crate) fn check(self, published: u64, capacity: u64) -> Result<(), String> {
        let kept = published.saturating_sub(capacity)..=published;
        match self {
            Self::Sequence(sequence) if !kept.contains(&sequence) => Err(format!(
                "--start sequence:{sequence}: after {published} events (--join-after) with a ring of {capacity} \
                 (--capacity) a subscriber can start at {} to {published}; nothing was published",
                kept.start()
            )),
            _ => Ok(()),
        }
    }

    /// The nearest start when only `published` events are there, because the run was interrupted.
    pub(crate) fn at_most(self, published: u64) -> Self {
        match self {
            Self::Sequence(sequence) => Self::Sequence(sequence.min(published)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_read_and_written() {
        for text in ["now", "oldest", "sequence:17"] {
            assert_eq!(text.parse::<StartAt>().unwrap().to_string(), text);
        }
        assert!("oldes".parse::<StartAt>().unwrap_err().contains("neither now, oldest nor sequence:N"));
        assert!("sequence:".parse::<StartAt>().unwrap_err().contains("\"\" is no sequence"));
        assert!("now:3".parse::<StartAt>().is_err());
    }

    #[test]
    fn a_sequence_has_to_be_kept() {
        let check = |sequence| StartAt::Sequence(sequence).check(10, 4);
        assert!(check(5).unwrap_err().contains("start at 6 to 10"));
        assert!(check(6).is_ok() && check(10).is_ok() && check(11).is_err());
        assert!(StartAt::Oldest.check(10, 4).is_ok());
        assert_eq!(StartAt::Sequence(9).at_most(3), StartAt::Sequence(3));
    }
}
