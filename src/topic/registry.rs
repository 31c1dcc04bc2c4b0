//! The names of a bus: each is kept once, for as long as anything refers to it.
//!
//! Handles and owned copies of events count their references. Events in the ring do not ([`TopicRef`](super::TopicRef)): a
//! publish would pay for that twice, when it writes a slot and when the slot is overwritten. So a name leaves in two steps,
//! each a look of a sweep.
//!
//! 1. The registry has the only counted reference, and nobody has pinned the name: nobody can publish to the topic, because
//!    every publish goes through a counted one that [`intern`](Topics::intern) gave out or a pin that [`hold`](Topics::hold) did. All its events lie between the ring's next sequence when the name
//!    came and the next sequence now; the sweep writes that down.
//! 2. Nobody has asked for the name since, those sequences are out of every subscriber's [`Reach`], and the registry still
//!    has the only reference. No event of the topic will ever be looked at again. The ring drops what is left of
//!    them in its slots without following the reference.
//!
//! A topic that no event was ever published to leaves at the first look. A sweep comes when there are half as many names
//! more than the last one left, so that a name costs a constant share of it. What cannot leave is bounded: names that
//! something refers to, those of the newest events, which are as many as the ring has slots, and those that were there
//! when a pinned event came.

use super::name::TopicName;
use super::{Held, TopicError, check_topic};
use crate::ring::{Publisher, Reach, Sequence};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering::Relaxed, acquire_fence};
use std::collections::HashMap;
use std::ops::Range;

/// So many names are kept without a look at whether anybody needs them; few where a checker runs them one by one.
const FEW: usize = if cfg!(miri) { 32 } else { 1024 };

/// See the module.
#[derive(Debug)]
pub(crate) struct Topics {
    /// Its own 64 random bits, which tell its events from those of all others.
    bus: u64,
    /// Of the next name to come, in any registry of the bus.
    next_id: Arc<AtomicU64>,
    names: Mutex<Names>,
}

#[derive(Debug)]
struct Names {
    by_text: HashMap<Box<str>, Entry>,
    /// Places that names have left.
    free: Vec<usize>,
    /// With so many names a sweep is due.
    due: usize,
    left: Left,
}

#[derive(Debug)]
struct Entry {
    name: Arc<TopicName>,
    /// All its events lie here, once `is_idle`.
    events: Range<Sequence>,
    /// A sweep has found it idle since it was asked for last.
    is_idle: bool,
}

/// What has become of names that left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Left {
    pub(crate) names: u64,
    pub(crate) published: u64,
}

impl Topics {
    /// A registry of a bus whose registries share the numbers of their names.
    pub(crate) fn new(bus: u64, next_id: Arc<AtomicU64>) -> Self {
        let names = Names { by_text: HashMap::new(), free: Vec::new(), due: FEW, left: Left::default() };
        Self { bus, next_id, names: Mutex::new(names) }
    }

    /// The one name with this text, for who publishes to it now; nothing if it is not there.
    pub(crate) fn hold(&self, text: &str) -> Option<Held> {
        let mut names = self.names.lock();
        let entry = names.by_text.get_mut(text)?;
        entry.is_idle = false;
        Some(Held::new(&entry.name))
    }

    /// The one name with this text, and whether a [`sweep`](Self::sweep) is due.
    pub(crate) fn intern<T: Send + Sync + 'static>(
        &self,
        text: &str,
        ring: &Publisher<T>,
    ) -> Result<(Arc<TopicName>, bool), TopicError> {
        let mut names = self.names.lock();
        if let Some(entry) = names.by_text.get_mut(text) {
            entry.is_idle = false;
            return Ok((entry.name.clone(), false));
        }
        check_topic(text)?;
        let id = self.next_id.fetch_add(1, Relaxed);
        // All places below the number of names and free places are taken or free.
        let slot = names.free.pop().unwrap_or(names.by_text.len());
        let name = Arc::new(TopicName::new(text.into(), id, slot, self.bus));
        let next = ring.next_sequence();
        names.by_text.insert(text.into(), Entry { name: name.clone(), events: next..next, is_idle: false });
        Ok((name, names.by_text.len() >= names.due))
    }

    /// If one is still due: looks at all names, and lets go those that nothing refers to. `refers` says whether something that
    /// counts no references does.
    #[cold]
    pub(crate) fn sweep<T: Send + Sync + 'static>(&self, ring: &Publisher<T>, refers: impl Fn(&str) -> bool) {
        let mut names = self.names.lock();
        let Names { by_text, free, due, left, .. } = &mut *names;
        if by_text.len() < *due {
            return;
        }
        // Before any look at a count: a reader that made a copy has counted it before it let the event go.
        let reach = ring.reach();
        by_text.retain(|text, entry| {
            if !entry.is_unused(&reach, ring) || refers(text) {
                return true;
            }
            free.push(entry.name.slot());
            left.names += 1;
            left.published += entry.name.published();
            false
        });
        // Not twice as many: names leave at the second look, so that as many would be there at each, for ever.
        *due = FEW.max(by_text.len() + by_text.len() / 2);
        by_text.shrink_to(*due);
    }

    /// All names, by age.
    pub(crate) fn list(&self) -> Vec<Arc<TopicName>> {
        let mut names: Vec<_> = self.names.lock().by_text.values().map(|entry| entry.name.clone()).collect();
        names.sort_unstable_by_key(|name| name.id());
        names
    }

    /// How many names there are, and what has become of others.
    pub(crate) fn tally(&self) -> (usize, Left) {
        let names = self.names.lock();
        (names.by_text.len(), names.left)
    }
}

impl Entry {
    /// Do neither counted references nor events that somebody could look at need the name?
    fn is_unused<T: Send + Sync + 'static>(&mut self, reach: &Reach, ring: &Publisher<T>) -> bool {
        if self.name.is_pinned() || Arc::strong_count(&self.name) > 1 {
            return false;
        }
        // ORDERING: pairs with the Release by which every other reference was dropped: the publishes through it, and its counts,
        // come before what follows. Without it the sequence below could be older than the topic's last event.
        acquire_fence();
        if self.name.published() == 0 {
            return true;
        }
        if !self.is_idle {
            self.is_idle = true;
            self.events.end = ring.next_sequence();
        }
        !reach.meets(&self.events)
    }
}
