//! Names that are in use on a bus, each kept once.

use super::{TopicError, check_topic};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering::Relaxed};
use std::collections::HashMap;

/// A valid topic name on one bus.
#[derive(Debug)]
pub(crate) struct TopicName {
    text: Box<str>,
    /// Its number on its bus, counted from 0.
    number: usize,
    /// The bus's own 64 random bits.
    bus: u64,
    /// Whether a subscription wanted it, and in which generation of subscriptions: generation << 1 | wanted.
    wanted: AtomicU64,
}

impl TopicName {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn bus(&self) -> u64 {
        self.bus
    }

    /// Whether a subscription of this generation wants it, if that is known.
    #[inline]
    pub(crate) fn was_wanted(&self, generation: u64) -> Option<bool> {
        // ORDERING: Relaxed: the number says all there is to know.
        let word = self.wanted.load(Relaxed);
        (word >> 1 == generation).then_some(word & 1 == 1)
    }

    pub(crate) fn remember_wanted(&self, generation: u64, wanted: bool) {
        self.wanted.store(generation << 1 | u64::from(wanted), Relaxed);
    }
}

/// All names of a bus. They stay for the bus's life.
#[derive(Debug)]
pub(crate) struct Topics {
    bus: u64,
    names: Mutex<HashMap<Box<str>, Arc<TopicName>>>,
}

impl Topics {
    pub(crate) fn new(bus: u64) -> Self {
        Self { bus, names: Mutex::new(HashMap::new()) }
    }

    /// The one name with this text.
    pub(crate) fn intern(&self, text: &str) -> Result<Arc<TopicName>, TopicError> {
        let mut names = self.names.lock();
        if let Some(name) = names.get(text) {
            return Ok(name.clone());
        }
        check_topic(text)?;
        let name = Arc::new(TopicName {
            text: text.into(),
            number: names.len(),
            bus: self.bus,
            wanted: AtomicU64::new(0),
        });
        names.insert(text.into(), name.clone());
        Ok(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.lock().len()
    }
}
