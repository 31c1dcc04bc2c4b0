//! Which events can still be looked at.

use super::Sequence;
use super::core::Core;
use super::cursor::Cursor;
use super::publisher::Publisher;
use std::ops::Range;

/// What a subscriber of now or later may come to. What is out of reach stays so, and every read of it happens before whatever
/// comes after the question.
#[derive(Debug)]
pub(crate) struct Reach {
    /// Everything from here on, what is not published yet included.
    from: Sequence,
    /// Older events that readers hold in pins.
    held: Vec<Range<Sequence>>,
}

impl Reach {
    /// Is one of these events within reach?
    pub(crate) fn meets(&self, events: &Range<Sequence>) -> bool {
        self.from < events.end
            || self.held.iter().any(|held| held.start < events.end && events.start < held.end)
    }
}

impl Core {
    fn reach(&self) -> Reach {
        // The slot of everything below was claimed for a later event. Its claimer had acquired, from every reader that had no
        // pin there, that it had gone on, and this load acquires the claims (`tail` is one chain of read-modify-writes). It
        // comes first: whoever claimed past a pin had seen it, so the looks at the cursors see that pin or its end, which
        // they acquire. No pin comes later: every idle cursor stands above.
        let from = self.next_sequence().saturating_sub(self.shape.slots);
        let held = |cursor: &Cursor| {
            loop {
                if let Some((start, end)) = cursor.held_run(cursor.load()) {
                    return (start < end).then_some(start..end);
                }
            }
        };
        Reach { from, held: self.cursors.iter().filter_map(held).collect() }
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// Which events can still be looked at, now or later.
    pub(crate) fn reach(&self) -> Reach {
        self.ring.core.reach()
    }
}
