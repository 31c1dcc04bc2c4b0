//! Events that keep books: every instance is entered when it is made and struck out when it is dropped; some panic.

#![allow(dead_code, reason = "each user has its own part of it")]

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Arc, Mutex, PoisonError};

/// What an event's own panics throw: no message, no hook.
#[derive(Debug)]
pub(crate) struct Bang;

/// The books of one test.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Per instance: how often it was dropped.
    drops: Mutex<Vec<u8>>,
    bangs: AtomicU64,
}

impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn enter(&self) -> usize {
        let mut drops = self.drops.lock().unwrap_or_else(PoisonError::into_inner);
        drops.push(0);
        drops.len() - 1
    }

    /// How many events' own `Drop` has panicked.
    pub(crate) fn bangs(&self) -> u64 {
        self.bangs.load(Relaxed)
    }

    pub(crate) fn made(&self) -> usize {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn alive(&self) -> usize {
        let drops = self.drops.lock().unwrap_or_else(PoisonError::into_inner);
        drops.iter().filter(|drops| **drops == 0).count()
    }

    /// Everything that was made was dropped exactly once.
    pub(crate) fn balance(&self) -> Result<(), String> {
        let drops = self.drops.lock().unwrap_or_else(PoisonError::into_inner);
        match drops.iter().position(|drops| *drops != 1) {
            None => Ok(()),
            Some(at) => Err(format!("instance {at} of {} was dropped {} times", drops.len(), drops[at])),
        }
    }
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    instance: usize,
    ledger: Arc<Ledger>,
    /// Its drop panics.
    drop_bang: bool,
    /// A clone of it panics.
    clone_bang: bool,
}

impl Event {
    pub(crate) fn new(ledger: &Arc<Ledger>, id: u64) -> Self {
        Self { id, instance: ledger.enter(), ledger: ledger.clone(), drop_bang: false, clone_bang: false }
    }

    pub(crate) fn bang_on_drop(mut self, bang: bool) -> Self {
        self.drop_bang = bang;
        self
    }

    pub(crate) fn bang_on_clone(mut self, bang: bool) -> Self {
        self.clone_bang = bang;
        self
    }

    /// For one that came back and is dropped here.
    pub(crate) fn defuse(mut self) -> u64 {
        self.drop_bang = false;
        self.id
    }
}

impl Clone for Event {
    fn clone(&self) -> Self {
        if self.clone_bang {
            resume_unwind(Box::new(Bang));
        }
        Self::new(&self.ledger, self.id)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        {
            let mut drops = self.ledger.drops.lock().unwrap_or_else(PoisonError::into_inner);
            drops[self.instance] = drops[self.instance].saturating_add(1);
        }
        // A second panic on the way out of a first would abort the process: Rust's rule, not the ring's.
        if self.drop_bang && !std::thread::panicking() {
            self.ledger.bangs.fetch_add(1, Relaxed);
            resume_unwind(Box::new(Bang));
        }
    }
}
