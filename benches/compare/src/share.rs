//! Sixteen topics, different patterns that each match a share of them, and what a subscriber of such a share verifies.

use crate::event::{Event, Load, digest_of};

/// How many topics there are. An event's topic is its number modulo this.
pub(crate) const TOPICS: u64 = 16;

/// Every so many events one is compared byte for byte.
const FULL_CHECK: u64 = 64;

/// The topics that a subscriber wants, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u16);

/// The name of a topic: one of four regions, one of four kinds.
pub(crate) fn name(topic: u64) -> String {
    format!("region{}.kind{}", topic / 4, topic % 4)
}

/// The pattern of the `at`-th subscriber, and what it matches: a region, a kind, a region in other words, or one topic.
pub(crate) fn pattern(at: usize) -> (String, Share) {
    let at = at % TOPICS as usize;
    let this = at / 4;
    let next = (this + 1) % 4;
    match at % 4 {
        0 => (format!("region{this}.*"), Share(0xF << (4 * this))),
        1 => (format!("*.kind{this}"), Share(0x1111 << this)),
        2 => (format!("region{next}.>"), Share(0xF << (4 * next))),
        _ => (format!("region{this}.kind{next}"), Share(1 << (4 * this + next))),
    }
}

impl Share {
    /// Whether it has the event of this number.
    #[inline]
    pub(crate) fn has(self, number: u64) -> bool {
        self.0 >> (number % TOPICS) & 1 == 1
    }

    /// The first number from `number` on that it has.
    #[inline]
    fn following(self, number: u64) -> u64 {
        number + u64::from(self.0.rotate_right((number % TOPICS) as u32).trailing_zeros())
    }

    /// How many of the first `total` numbers it has, and their sum.
    fn of_first(self, total: u64) -> (u64, u64) {
        let topics = (0..TOPICS).filter(|topic| self.has(*topic));
        topics.fold((0, 0), |(count, sum), topic| {
            let own = (total + TOPICS - 1 - topic) / TOPICS;
            (count + own, sum + own * topic + TOPICS * (own * own.saturating_sub(1) / 2))
        })
    }
}

/// The account of one subscriber that wants a share. Nothing may be missing, out of order, or of another topic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShareCheck {
    share: Share,
    next: u64,
    got: u64,
    sum: u64,
}

impl ShareCheck {
    /// An empty account.
    pub(crate) fn new(share: Share) -> Self {
        Self { share, next: share.following(0), got: 0, sum: 0 }
    }

    /// Takes one event into the account.
    #[inline]
    pub(crate) fn take(&mut self, event: &Event) {
        let number = event.number();
        if number != self.next {
            wrong(number, self.next);
        }
        self.next = self.share.following(number + 1);
        self.sum = self.sum.wrapping_add(event.digest());
        if self.got.is_multiple_of(FULL_CHECK) && !event.intact() {
            damaged(number);
        }
        self.got += 1;
    }

    /// Compares the account with the `total` events that were published to all topics.
    ///
    /// # Panics
    ///
    /// When it is not exact.
    pub(crate) fn finish(&self, total: u64) {
        let (count, sum) = self.share.of_first(total);
        assert_eq!(self.got, count, "events received and published differ");
        assert_eq!(self.sum, digest_of(0, sum), "the checksum of {count} events is wrong");
    }
}

#[cold]
#[inline(never)]
fn wrong(number: u64, expected: u64) -> ! {
    panic!("event {number} came where {expected} was due");
}

#[cold]
#[inline(never)]
fn damaged(number: u64) -> ! {
    panic!("event {number} was damaged on its way");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account of a share that reads these numbers.
    fn account(share: Share, numbers: impl IntoIterator<Item = u64>) -> ShareCheck {
        let mut check = ShareCheck::new(share);
        for number in numbers {
            check.take(&Event::make(0, number));
        }
        check
    }

    #[test]
    fn shares_are_what_the_engine_says_the_patterns_match() {
        for at in 0..16 {
            let (text, share) = pattern(at);
            let pattern = eventcast::TopicPattern::new(&text).expect("the pattern is valid");
            for topic in 0..TOPICS {
                assert_eq!(pattern.matches(&name(topic)), share.has(topic), "{text} and {}", name(topic));
            }
            assert!((0..at).all(|other| self::pattern(other).0 != text), "{text} comes twice");
        }
    }

    #[test]
    fn a_whole_account_is_exact() {
        for at in 0..16 {
            let share = pattern(at).1;
            for total in [0, 1, 15, 16, 17, 1000] {
                account(share, (0..total).filter(|number| share.has(*number))).finish(total);
            }
        }
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn a_gap_is_a_panic() {
        account(Share(0b11), [0, 16]);
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn an_event_of_another_topic_is_a_panic() {
        account(Share(0b11), [0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "differ")]
    fn a_missing_end_is_a_panic() {
        account(Share(0b11), [0]).finish(2);
    }

    #[test]
    #[should_panic(expected = "checksum")]
    fn a_foreign_event_is_a_panic() {
        let mut check = account(Share(1), [0]);
        check.take(&Event::make(1, 16));
        check.finish(17);
    }
}
