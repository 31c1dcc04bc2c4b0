//! The engine's own threads: named, and told to whoever wants to pin them.

use crate::contain::contain;
use crate::sync::Arc;
use std::cell::Cell;
use std::fmt;
use std::io;

thread_local! {
    /// Whose thread this is, while it works for a bus: that bus's address.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

/// Called with its name on each thread that a bus starts.
// Std's: the model checkers' cannot hold a closure, and nothing of a protocol is here.
pub(crate) type OnThreadStart = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// How the threads of a bus are started.
#[derive(Clone, Default)]
pub(crate) struct Threads {
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_start: Option<OnThreadStart>,
}

impl Threads {
    /// Starts a thread that works for the bus of this address.
    ///
    /// # Errors
    /// What the system says when it gives no thread.
    #[allow(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub(crate) fn spawn(
        &self,
        name: &str,
        bus: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = std::thread::Builder::new().name(name.to_owned());
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        let (on_start, name) = (self.on_start.clone(), name.to_owned());
        builder.spawn(move || {
            WORKS_FOR.set(bus);
            if let Some(on_start) = on_start {
                contain(|| on_start(&name));
            }
            work();
        })?;
        Ok(())
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("stack_size", &self.stack_size).finish_non_exhaustive()
    }
}

/// While it lives, the current thread works for the bus of this address.
pub(crate) struct WorksFor(usize);

impl WorksFor {
    pub(crate) fn new(bus: usize) -> Self {
        Self(WORKS_FOR.replace(bus))
    }

    /// Does the current thread work for this bus?
    pub(crate) fn is(bus: usize) -> bool {
        WORKS_FOR.get() == bus
    }
}

impl Drop for WorksFor {
    fn drop(&mut self) {
        WORKS_FOR.set(self.0);
    }
}

/// Address of a bus's shared part, as a name for it.
pub(crate) fn address_of<T>(shared: &Arc<T>) -> usize {
    std::ptr::from_ref::<T>(shared).addr()
}
