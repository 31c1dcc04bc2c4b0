//! The names of a bus: each is kept once, for as long as anything refers to it.
//!
//! Handles and owned copies of events count their references. Events in the ring do not ([`TopicRef`](super::TopicRef)): a
//! publish would pay for that twice, when it writes a slot and when the slot is overwritten. So a name leaves in two steps,
//! each a look of a sweep.
//!
//! 1. The registry has the only counted reference: nobody can publish to the topic, because every publish goes through a
//!    counted one that [`intern`](Topics::intern) gave out. All its events have sequences below the ring's next one, which
//!    the sweep writes down.
//! 2. Nobody has asked for the name since, no subscriber can come to a sequence below the one written down, nor holds one
//!    ([`Publisher::lowest_reachable`]), and the registry still has the only counted reference. No event of the topic will
//!    ever be looked at again. The ring drops what is left of them in its slots without following the reference.
//!
//! A topic that no event was ever published to leaves at the first look. A sweep comes when names have doubled since the last
//! one, so that a name costs a constant share of it. What cannot leave is bounded: names that something refers to, and
//! those of the newest events, which are as many as the ring has slots.

use super::name::TopicName;
use super::{TopicError, check_topic};
use crate::ring::{Publisher, Sequence};
use crate::sync::{Arc, Mutex, acquire_fence};
use std::collections::HashMap;

/// So many names are kept without a look at whether anybody needs them.
const FEW: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Topics {
    bus: u64,
    names: Mutex<Names>,
}

#[derive(Debug)]
struct Names {
    by_text: HashMap<Box<str>, Entry>,
    /// Places that names have left.
    free: Vec<usize>,
    next_id: u64,
    /// With so many names a sweep is due.
    due: usize,
    left: Left,
}

#[derive(Debug)]
struct Entry {
    name: Arc<TopicName>,
    /// When a sweep found it idle first since it was asked for last: all its events are older.
    idle_since: Option<Sequence>,
}

/// What has become of names that left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Left {
    pub(crate) names: u64,
    pub(crate) published: u64,
}

impl Topics {
    pub(crate) fn new(bus: u64) -> Self {
        let names =
            Names { by_text: HashMap::new(), free: Vec::new(), next_id: 0, due: FEW, left: Left::default() };
        Self { bus, names: Mutex::new(names) }
    }

    /// The one name with this text, and whether a [`sweep`](Self::sweep) is due.
    pub(crate) fn intern(&self, text: &str) -> Result<(Arc<TopicName>, bool), TopicError> {
        let mut names = self.names.lock();
        if let Some(entry) = names.by_text.get_mut(text) {
            entry.idle_since = None;
            return Ok((entry.name.clone(), false));
        }
        check_topic(text)?;
        let id = names.next_id;
        names.next_id += 1;
        // All places below the number of names and free places are taken or free.
        let slot = names.free.pop().unwrap_or(names.by_text.len());
        let name = Arc::new(TopicName::new(text.into(), id, slot, self.bus));
        names.by_text.insert(text.into(), Entry { name: name.clone(), idle_since: None });
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
        let lowest = ring.lowest_reachable();
        by_text.retain(|text, entry| {
            if !entry.is_unused(lowest, ring) || refers(text) {
                return true;
            }
            free.push(entry.name.slot());
            left.names += 1;
            left.published += entry.name.published();
            false
        });
        *due = FEW.max(2 * by_text.len());
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
    fn is_unused<T: Send + Sync + 'static>(&mut self, lowest: Sequence, ring: &Publisher<T>) -> bool {
        if Arc::strong_count(&self.name) > 1 {
            return false;
        }
        // ORDERING: pairs with the Release by which every other reference was dropped: the publishes through it, and its counts,
        // come before what follows. Without it the sequence below could be older than the topic's last event.
        acquire_fence();
        if self.name.published() == 0 {
            return true;
        }
        *self.idle_since.get_or_insert_with(|| ring.next_sequence()) <= lowest
    }
}
