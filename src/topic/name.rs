//! Names that are in use on a bus, each kept once.

use super::{TopicError, check_topic};
use crate::sync::{Arc, Mutex};
use std::collections::HashMap;

/// A valid topic name on one bus.
#[derive(Debug)]
pub(crate) struct TopicName {
    text: Box<str>,
    /// Its number on its bus, counted from 0.
    number: usize,
    /// The bus's own 64 random bits.
    bus: u64,
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
        let name = Arc::new(TopicName { text: text.into(), number: names.len(), bus: self.bus });
        names.insert(text.into(), name.clone());
        Ok(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.lock().len()
    }
}
